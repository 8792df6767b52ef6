import type { Topic } from './topic.ts';

interface CodeSample {
  /** The language as a fenced code block names it. */
  language: string;
  code: string;
  /** The shell command that runs or tests it. */
  run: string;
  notes: readonly [string, string, string];
}

/** The code of the demo model's answers, by language. */
export const CODE_SAMPLES: Record<Topic['language'], CodeSample> = {
  typescript: {
    language: 'ts',
    code: `type Result<T> = { ok: true; value: T } | { ok: false; error: Error };

/** Calls \`work\` again until it succeeds, a little later each time. */
export async function retry<T>(work: () => Promise<T>, attempts = 3): Promise<Result<T>> {
  let error = new Error('never tried');
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    try {
      return { ok: true, value: await work() };
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }
  return { ok: false, error };
}`,
    run: 'node --test retry.test.ts',
    notes: [
      'The result is a **union**, so the caller cannot forget the failure',
      'The wait doubles each time: `100`, `200`, `400` ms',
      'Nothing is thrown away: the last error comes back with the result',
    ],
  },
  python: {
    language: 'python',
    code: `from collections import Counter
from pathlib import Path


def most_common_words(path: Path, limit: int = 10) -> list[tuple[str, int]]:
    """The words a text uses most, longest first among equals."""
    words = path.read_text(encoding="utf-8").lower().split()
    counts = Counter(word.strip(".,;:!?\\"'") for word in words)
    del counts[""]
    return sorted(counts.items(), key=lambda item: (-item[1], -len(item[0])))[:limit]


if __name__ == "__main__":
    for word, count in most_common_words(Path("notes.txt")):
        print(f"{count:5}  {word}")`,
    run: 'python3 words.py',
    notes: [
      '`Counter` does the counting, so there is no loop to get wrong',
      'The sort key is a tuple: first the count, then the length',
      'Reading with an explicit encoding works the same on every machine',
    ],
  },
  sql: {
    language: 'sql',
    code: `WITH monthly AS (
  SELECT
    date_trunc('month', created_at) AS month,
    count(*)                        AS orders,
    sum(total)                      AS revenue
  FROM orders
  WHERE status = 'paid'
  GROUP BY 1
)
SELECT
  month,
  orders,
  revenue,
  revenue - lag(revenue) OVER (ORDER BY month) AS change
FROM monthly
ORDER BY month DESC
LIMIT 12;`,
    run: 'psql shop --file monthly.sql',
    notes: [
      'The common table expression keeps the grouping in one place',
      '`lag` looks at the row before, so no self-join is needed',
      'An index on `(status, created_at)` makes this quick',
    ],
  },
  bash: {
    language: 'bash',
    code: `#!/usr/bin/env bash
set -euo pipefail

# Keeps the newest backups and removes the rest.
keep=7
dir="\${1:?usage: prune.sh DIR}"

find "$dir" -maxdepth 1 -name '*.tar.gz' -printf '%T@ %p\\n' |
  sort -rn |
  tail -n "+$((keep + 1))" |
  cut -d' ' -f2- |
  while IFS= read -r file; do
    echo "removing $file"
    rm -- "$file"
  done`,
    run: './prune.sh /var/backups/app',
    notes: [
      '`set -euo pipefail` stops at the first thing that goes wrong',
      'File names are quoted everywhere, so spaces do no harm',
      '`rm --` keeps a name that begins with a dash from being an option',
    ],
  },
  rust: {
    language: 'rust',
    code: `use std::collections::HashMap;

/// Counts each word of a text.
pub fn count_words(text: &str) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

#[test]
fn counts_each_word() {
    let counts = count_words("to be or not to be");
    assert_eq!(counts["to"], 2);
    assert_eq!(counts["or"], 1);
}`,
    run: 'cargo test',
    notes: [
      'The map borrows from the text: nothing is copied',
      '`entry` looks each word up only once',
      'The test sits beside the code and reads as an example',
    ],
  },
};
