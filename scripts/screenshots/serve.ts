import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { ROOT } from '../ensure-build.ts';

/** A server of the stage's page. */
export interface StageServer {
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
};

/** Serves the files of this package to a page on this machine, TypeScript with its types stripped. */
export async function serveStage(): Promise<StageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    readPart(pathname).then(
      (body) => response.writeHead(200, { 'content-type': TYPES[path.extname(pathname)] ?? 'text/plain' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/scripts/screenshots/stage.html`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readPart(pathname: string): Promise<string> {
  const text = await readFile(path.join(ROOT, pathname), 'utf8');
  if (!pathname.endsWith('.ts')) return text;
  // Browsers do not resolve package imports.
  return stripTypeScriptTypes(text).replaceAll(/from '#(\w+\/)/g, "from '/$1");
}
