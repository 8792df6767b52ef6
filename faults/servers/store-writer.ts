/**
 * A process to be killed. It writes runs to a few sessions of an embedded store as fast as it can, and prints each
 * acknowledgement on a line: `prompt <session> <messageId>` or `entry <session> <cursor>`.
 *
 *     node faults/servers/store-writer.ts <file> <name>      FAULTS_MUTATION as in relay.ts
 */
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import { findMutation, mutateStore } from '../harness/mutations.ts';
import { chunkText, claimInput, completedText, startedRunText, submitInput } from '../harness/port.ts';

// The reader has gone.
process.stdout.on('error', () => process.exit(0));

const SESSIONS = 8;
const CHUNKS = 60;

const [path = '', name = ''] = process.argv.slice(2);
const opened = openSqliteStore({ path, ttlMs: 3_600_000 });
const store = mutateStore(opened, findMutation(process.env['FAULTS_MUTATION']));

await Promise.all(Array.from({ length: SESSIONS }, (_, index) => writeTo(`session-${name}-${index}-0123456789`)));

async function writeTo(sessionId: string): Promise<never> {
  for (let run = 0; ; run += 1) {
    const input = submitInput(`Prompt ${run}`);
    const submitted = await store.submit(sessionId, input);
    if (submitted.kind !== 'ok') throw new Error(`the prompt was not taken: ${submitted.kind}`);
    process.stdout.write(`prompt ${sessionId} ${input.messageId}\n`);
    const { fence, runId } = await claim(sessionId);
    process.stdout.write(`entry ${sessionId} ${fence}-0\n`);
    const texts = [
      ...startedRunText(runId, 'Begun'),
      ...Array.from({ length: CHUNKS }, (_, index) => chunkText(runId, ` ${index}`)),
    ];
    for (const [index, text] of texts.entries()) {
      const answer = await store.append(sessionId, { fence, seq: index + 1, entries: [text] });
      if (answer.kind !== 'ok') throw new Error(`not written: ${answer.kind}`);
      process.stdout.write(`entry ${sessionId} ${fence}-${index + 1}\n`);
    }
    const seq = texts.length + 1;
    const answer = await store.finish(sessionId, { fence, seq, entries: [completedText(runId)] });
    if (answer.kind !== 'ok') throw new Error(`not closed: ${answer.kind}`);
    process.stdout.write(`entry ${sessionId} ${fence}-${seq}\n`);
  }
}

/** Claims the run, repeatedly where the store is broken so that it answers before it writes. */
async function claim(sessionId: string): Promise<{ fence: number; runId: string }> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await store.claim(sessionId, claimInput());
    if (answer.kind === 'lease') return answer.lease;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the run could not be claimed');
}
