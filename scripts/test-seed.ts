/**
 * What the tests draw their random choices from: always the same, so that the outcome of `npm test` is that of the
 * commit; with `TEST_SEED=…` another one, with `TEST_SEED=random` a fresh one each time, to look for what the fixed
 * one does not show.
 */
export function readTestSeed(): number {
  const given = process.env['TEST_SEED'];
  if (given === 'random') return Math.floor(Math.random() * 2 ** 31);
  return given ? Number(given) >>> 0 : 20_261;
}
