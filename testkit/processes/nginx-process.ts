import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../network/free-port.ts';
import { ROOT } from '#scripts/ensure-build.ts';
import { ensureNginx } from '#scripts/programs.ts';
import { isNetworkError } from '../network/is-network-error.ts';
import { until } from '../wait.ts';

/** An nginx before relays, with this project's configuration. */
export interface NginxProcess {
  readonly origin: string;
  close(): Promise<void>;
}

const CONFIGURATION = path.join(ROOT, 'deploy/nginx/relay.conf');

/**
 * Starts nginx with the configuration that this project ships, changed in names and ports only.
 *
 * @throws Error when nginx ends, or the configuration has lost a line that has to be replaced.
 */
export async function startNginx(relays: readonly { port: number }[]): Promise<NginxProcess> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-nginx-'));
  let site = replaceOnce(readFileSync(CONFIGURATION, 'utf8'), 'listen 80;', `listen 127.0.0.1:${port};`);
  for (const [index, relay] of relays.entries()) {
    site = replaceOnce(site, `server relay-${index + 1}:8787 `, `server 127.0.0.1:${relay.port} `);
  }
  writeFileSync(path.join(folder, 'relay.conf'), site);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  const main = `daemon off;
pid ${folder}/nginx.pid;
error_log stderr error;
worker_processes 2;
events { worker_connections 1024; }
http {
  access_log off;
  # A host may compress all it can. Streams and the answers of the relay have to come through as they are.
  gzip on;
  gzip_types *;
  gzip_min_length 1;
  ${temporary.join('\n  ')}
  include ${folder}/relay.conf;
}
`;
  writeFileSync(path.join(folder, 'nginx.conf'), main);
  const nginx = spawn(ensureNginx(), ['-p', folder, '-c', path.join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(nginx, 'exit');
  let output = '';
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-65_536);
  });
  const origin = `http://127.0.0.1:${port}`;
  await until('nginx answers', async () => {
    if (nginx.exitCode !== null) throw new Error(`nginx ended:\n${output}`);
    return fetch(`${origin}/healthz`).then(
      (response) => response.body?.cancel().then(() => response.ok) ?? false,
      (error: unknown) => {
        if (isNetworkError(error)) return false;
        throw error;
      },
    );
  });
  return {
    origin,
    async close() {
      nginx.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function replaceOnce(text: string, what: string, by: string): string {
  if (text.split(what).length !== 2) throw new Error(`${CONFIGURATION} does not say "${what}" once`);
  return text.replace(what, by);
}
