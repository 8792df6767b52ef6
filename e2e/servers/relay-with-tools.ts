/** A server that embeds the relay and offers a tool, as docs/running.md shows one. */
import { tool } from 'ai';
import { z } from 'zod';
import { createRelay } from '#relay/index.ts';
import { createLogger, createServer, listen } from '#relay/node/index.ts';
import { createModel } from '#relay/generation/models/index.ts';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import { stamp, STAMP_TOOL } from '#testkit/model/stamp-tool.ts';
import { sleep } from '#testkit/wait.ts';

/** Long enough that a relay is killed in the middle of it now and then. */
const TOOL_MS = 60;

const { PORT, STORE = '', LEASE_MS } = process.env;
const logger = createLogger('warn');
const sessionTtlMs = 3_600_000;
const relay = createRelay({
  store: openSqliteStore({ path: STORE.replace('sqlite:', ''), ttlMs: sessionTtlMs, logger }),
  model: createModel(process.env),
  tools: {
    [STAMP_TOOL]: tool({
      description: 'Stamps a call.',
      inputSchema: z.object({ call: z.number() }),
      async execute(input) {
        await sleep(TOOL_MS);
        return stamp(input);
      },
    }),
  },
  secret: 'the secret of a server in the tests',
  logger,
  sessionTtlMs,
  leaseMs: Number(LEASE_MS),
});
const onError = (error: unknown): void => logger.error({ err: error }, 'The server failed');
const server = createServer({ relay, maxStreams: 10_000, onError });
await listen(server, { port: Number(PORT), host: '127.0.0.1', onError });
relay.start();
console.log(`The relay is ready at http://127.0.0.1:${PORT}, with a tool.`);
