declare module 'commonmark-spec' {
  export const tests: readonly { section: string; number: number; markdown: string; html: string }[];
}
