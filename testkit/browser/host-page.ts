import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A site that embeds the widget, on another origin than the relay. */
export interface HostPage {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page of a site.
 *
 * @param options `scriptOrigin` serves the script; `relayOrigin` is the chat's relay, or a proxy before it
 */
export async function openHostPage(options: { scriptOrigin: string; relayOrigin: string }): Promise<HostPage> {
  const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>A site</title>
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
