/** The value if it is a text, else null: any JSON may be where a text should be. */
export function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
