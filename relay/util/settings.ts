import * as z from 'zod';

/** Settings by name, as a process finds them in its environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The values read from settings, or the problems found in them, one sentence each. */
export type FromSettings<T> = { kind: 'ok'; value: T } | { kind: 'wrong'; problems: readonly string[] };

/** Settings that are missing or wrong. The message is for the operator and names all of them. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  /** One sentence per setting, which begins with its name. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Checks the settings of `shape`, and fills in their defaults. A setting that is the empty string counts as not set.
 */
export function readSettings<Shape extends z.ZodRawShape>(
  shape: Shape,
  env: Environment,
): FromSettings<z.output<z.ZodObject<Shape>>> {
  const result = z.object(shape).safeParse(givenSettings(env));
  if (result.success) return { kind: 'ok', value: result.data };
  return wrongSettings(result.error.issues.map(({ path, message }) => `${path.join('.')} must be ${message}.`));
}

/** The problems of those settings of `shape` that are set, one sentence each. */
export function checkSettings(shape: z.ZodRawShape, env: Environment): readonly string[] {
  const read = readSettings(z.object(shape).partial().shape, env);
  return read.kind === 'wrong' ? read.problems : [];
}

/** The settings that are set, the empty ones left out. */
export function givenSettings(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
}

/** The result of reading settings that are wrong. */
export function wrongSettings(problems: readonly string[]): { kind: 'wrong'; problems: readonly string[] } {
  return { kind: 'wrong', problems };
}

/** The longest delay of a timer, in ms: 2^31 − 1. */
const MAX_TIMER_MS = 2_147_483_647;

/** A whole number; `unit` reads on after 'a whole number', such as ' of seconds'. */
export function integer(fallback: number, min: number, max: number, unit = '') {
  const form = `a whole number${unit} from ${min} to ${max}`;
  return z.preprocess(
    (text) =>
      text === undefined ? fallback : typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : text,
    z.number(form).int(form).min(min, form).max(max, form),
  );
}

/** A time in ms that a timer can wait. */
export function milliseconds(fallback: number, min = 1) {
  return integer(fallback, min, MAX_TIMER_MS, ' of milliseconds');
}

/** An upper bound; 0 means that there is none. */
export function limit(fallback: number) {
  return integer(fallback, 0, Number.MAX_SAFE_INTEGER);
}

/** `true` or `false`; false when not set. */
export function flag() {
  return z
    .enum(['true', 'false'], 'true or false')
    .default('false')
    .transform((text) => text === 'true');
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words, fallback: Words[number]) {
  return z.enum(words, `one of ${words.join(', ')}`).default(fallback as never);
}

/** Any text. `missing` reads on after 'must be' when it is not set. */
export function text(missing?: string) {
  return z.string(missing);
}

/** An address over HTTP or HTTPS. `missing` reads on after 'must be' when it is not set. */
export function httpUrl(missing?: string) {
  const isHttp = (value: string) => /^https?:$/.test(URL.parse(value)?.protocol ?? '');
  return text(missing).refine(isHttp, 'a URL with http:// or https://');
}

/** A key that is sent as a header: one with a line break would fail at each request, deep inside fetch. */
export function apiKey() {
  return z.string().regex(/^[\x21-\x7e]*$/, 'printable ASCII characters only, without spaces');
}

/** The items of a list that is separated by commas. */
export function splitList(value: string | undefined): string[] {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
