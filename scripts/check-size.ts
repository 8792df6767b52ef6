/**
 * Part of `npm run check`: how much the widget weighs, gzip, as it is built from the sources as they are now. It is
 * built in memory, so that nothing stale is measured.
 */
import { gzipSync } from 'node:zlib';
import { createBuilder } from 'vite';
import { ROOT } from './ensure-build.ts';

/**
 * Bytes. What a page pays on which nobody opens the chat: as reached, and 0.3 kB. And all that is loaded until an answer
 * is drawn: the goal.
 */
const LIMITS = { launcher: 11_300, all: 46_000 };

/**
 * Loaded when an answer has thoughts, tools or sources, or marks such as tables and formulas, and not before; and
 * `later-part` while the browser is idle, without which an answer is drawn all the same (e2e/demo.test.ts).
 */
const LATER = ['later-part', 'plain-text', 'extras-part', 'fold-rare-chunk', 'rare-rules'];

const builder = await createBuilder({ root: ROOT, logLevel: 'warn', build: { write: false } });
const widget = builder.environments['widget'];
if (!widget) throw new Error('vite.config.ts has no environment named widget');
const built = await builder.build(widget);
if (!('output' in built)) throw new Error('the build has made nothing that can be measured');

const sizes = built.output
  .filter((file) => file.type === 'chunk')
  .filter(({ name }) => !LATER.includes(name))
  .map(({ fileName, isEntry, code }) => ({ fileName, isEntry, size: gzipSync(code, { level: 9 }).length }));
const sum = (files: typeof sizes): number => files.reduce((total, { size }) => total + size, 0);
const measured = { launcher: sum(sizes.filter(({ isEntry }) => isEntry)), all: sum(sizes) };

const format = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
const over = (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).filter((name) => measured[name] > LIMITS[name]);
console.log(
  `widget, gzip: launcher ${format(measured.launcher)} of ${format(LIMITS.launcher)}, all ${format(measured.all)} of ${format(LIMITS.all)}`,
);
if (over.length > 0 || sizes.length < 4) {
  for (const { fileName, size } of sizes) console.error(`  ${fileName}: ${format(size)}`);
  console.error(over.length > 0 ? `Too heavy: ${over.join(', ')}.` : 'Parts of the widget are missing.');
  process.exitCode = 1;
}
