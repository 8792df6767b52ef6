import { spawn, type ChildProcess } from 'node:child_process';
import { ROOT } from '#scripts/ensure-build.ts';
import { isNetworkError } from '../network/is-network-error.ts';
import { cleanEnvironment } from './clean-environment.ts';

/** A running script. */
export interface Script {
  readonly process: ChildProcess;
  /** Everything printed to stdout and stderr so far. */
  output(): string;
}

/**
 * Starts a script of the repository with these settings and none of the shell's.
 *
 * @param cwd its working directory; the root of the repository when not given
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

/** The status of a response; null when the network or the server failed. */
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
