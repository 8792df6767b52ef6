/**
 * The seed of all random choices in tests. It is fixed, so that the outcome of `npm test` depends on the commit alone
 * (docs/decisions/0016). `TEST_SEED=…` sets another one, `TEST_SEED=random` draws a fresh one for each run.
 */
export function readTestSeed(): number {
  const given = process.env['TEST_SEED'];
  if (given === 'random') return Math.floor(Math.random() * 2 ** 31);
  return given ? Number(given) >>> 0 : 20_261;
}
