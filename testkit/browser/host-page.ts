import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Somebody's site with the widget on it: of another origin than the relay, as it is in life. */
export interface HostPage {
  readonly url: string;
  close(): Promise<void>;
}

/** `scriptOrigin` is where the script comes from, `relayOrigin` where the chat talks to: a line that fails. */
export async function openHostPage(options: { scriptOrigin: string; relayOrigin: string }): Promise<HostPage> {
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>A site of somebody's</title>
    <script src="${options.scriptOrigin}/widget.js" defer></script>
  </head>
  <body>
    <resumable-chat relay="${options.relayOrigin}" mode="inline"></resumable-chat>
  </body>
</html>`;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
