/**
 * Part of `npm run check`: fails when product files import each other in a circle, or when folders do, so that no order
 * of floors is left. Imports of types and dynamic imports count, which oxlint's import/no-cycle leaves out.
 *
 *     npx node scripts/import-graph.ts --tree     draws the floors of each folder
 */
import { checkImports, drawRooms, readGraph } from './import-graph/check-imports.ts';
import { ROOT } from './ensure-build.ts';

const TOPS = ['shared', 'relay', 'widget'];

const files = readGraph(ROOT, TOPS);
const problems = checkImports(files);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  if (process.argv.includes('--tree')) console.log(drawRooms(files));
  console.log(`imports: ${files.size} modules of ${TOPS.join(', ')}, no circles, no arrow up`);
}
