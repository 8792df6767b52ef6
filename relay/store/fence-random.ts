/** The 20 random bits by which a fence is raised besides the clock: see the port. */
export function fenceRandom(): number {
  const [bits = 0] = crypto.getRandomValues(new Uint32Array(1));
  return bits >>> 12;
}
