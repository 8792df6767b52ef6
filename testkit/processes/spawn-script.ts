import { spawn, type ChildProcess } from 'node:child_process';
import { ROOT } from '#scripts/ensure-build.ts';
import { isNetworkError } from '../network/is-network-error.ts';
import { cleanEnvironment } from './clean-environment.ts';

export interface Script {
  readonly process: ChildProcess;
  /** Everything it printed on stdout and stderr. */
  output(): string;
}

/**
 * Runs a file of the repository as its npm script would, with these settings and none of the shell's; in `cwd`, which is the
 * repository's root when not given.
 */
export function spawnScript(args: string[], settings: Record<string, string>, cwd = ROOT): Script {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...cleanEnvironment(), HOST: '127.0.0.1', LEASE_MS: '1000', LOG_LEVEL: 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return { process: child, output: () => output };
}

/** The status of an answer, or null when there is none. */
export async function askStatus(origin: string, path: string, method = 'GET'): Promise<number | null> {
  try {
    const response = await fetch(`${origin}${path}`, { method, signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    if (isNetworkError(error)) return null;
    throw error;
  }
}
