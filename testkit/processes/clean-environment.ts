/** Variables that programs need to run at all; everything else would change what a test sees. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'CHROME_PATH', 'NODE_EXTRA_CA_CERTS', 'NODE_COMPILE_CACHE'];

/** The environment without the relay's settings, so that a developer's shell does not change a test. */
export function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(KEPT.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
