/** A model as MODEL names it. */
export type ModelName =
  | { kind: 'demo' }
  | { kind: 'openai-compatible'; modelId: string }
  | { kind: 'gateway'; modelId: string };

export const MODEL_FORMS = 'demo, openai-compatible:<model> or gateway:<provider/model>';

/** Null when the text names none. */
export function parseModelName(text: string): ModelName | null {
  if (text === 'demo') return { kind: 'demo' };
  const [, kind, modelId = ''] = /^(openai-compatible|gateway):(.*)$/.exec(text) ?? [];
  if (kind === 'openai-compatible' && modelId.trim() !== '') return { kind, modelId };
  return kind === 'gateway' && /^[^/]+\/./.test(modelId) ? { kind, modelId } : null;
}

export const API_KEY_FORM = 'printable ASCII characters only, without spaces';

/** An API key with a line break or the like would fail at each call, deep inside fetch. */
export function isApiKey(text: string): boolean {
  return /^[\x21-\x7e]*$/.test(text);
}

export const BASE_URL_FORM = 'a URL with http:// or https://';

export function isBaseUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Of the demo model. */
export const MAX_TOKENS_PER_SECOND = 100_000;
