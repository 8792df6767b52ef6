import type { ComplexAttributeConverter } from 'lit';

/** Reads the `suggestions` attribute: a JSON array of texts, or one text per line. */
export const suggestionsConverter: ComplexAttributeConverter<readonly string[]> = {
  fromAttribute(value) {
    const text = value?.trim() ?? '';
    if (text.startsWith('[')) {
      const list = parseList(text);
      if (list) return list;
    }
    return text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  },
};

/** Null when the text is no JSON array: then it is a line that begins with a bracket. */
function parseList(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value)
      ? value.filter((item): item is string => typeof item === 'string' && item.trim() !== '')
      : null;
  } catch {
    return null;
  }
}
