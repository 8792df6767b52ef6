/**
 * Runs first in the pages of the script tag's tests: notes errors there, and answers the widget's requests as a relay
 * would, so that the built file can be tested on a page of its own.
 */
import type { StreamMessage } from '#shared/protocol.ts';

/** The window of such a page. */
export interface FrameWindow extends Window {
  /** Errors, and what the page's Content-Security-Policy refused. */
  troubles: string[];
  /** Each request, as `POST https://origin/path`. */
  requests: string[];
  customElements: CustomElementRegistry;
}

/** An answer with everything that a strict policy might refuse if it were drawn in another way. */
export const ANSWER = [
  'Run `npm start`:',
  '```sh\nnpm start\n```',
  '<img src=x onerror=alert(1)>',
  '| a | b |\n|:--|--:|\n| **1** | $2$ |',
  '- [x] done\n- [ ] ![seen](https://elsewhere.invalid/x.png) [link](https://elsewhere.invalid/ "there")',
].join('\n\n');

const SESSION = 'session-in-a-frame-00';
const RUN = 'r1';

const frame = window as unknown as FrameWindow;
frame.troubles = [];
frame.requests = [];
addEventListener('error', ({ message }) => frame.troubles.push(message));
addEventListener('unhandledrejection', ({ reason }) => frame.troubles.push(String(reason)));
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
  frame.troubles.push(`${violatedDirective} refused ${blockedURI}`);
});

let prompt: { id: string; text: string } | null = null;

window.fetch = async (input, init) => {
  const request = new Request(input, init);
  frame.requests.push(`${request.method} ${request.url}`);
  const { pathname } = new URL(request.url);
  if (pathname === '/api/sessions') {
    return Response.json({ sessionId: SESSION, token: 'a.b.c', expiresAt: Date.now() + 60_000 }, { status: 201 });
  }
  if (pathname === '/api/llm-stream') {
    const body: { messageId: string; prompt: string } = await request.json();
    prompt = { id: body.messageId, text: body.prompt };
    return Response.json({ sessionId: SESSION, messageId: body.messageId, runId: RUN, cursor: '0-0' }, { status: 202 });
  }
  return new Response(readLog(), { headers: { 'content-type': 'text/event-stream' } });
};

/** The log of one run: prompt, answer in small pieces, end; then the connection stays open. */
function readLog(): ReadableStream<Uint8Array> {
  const { id, text } = prompt ?? { id: 'u0', text: '' };
  const run = { runId: RUN, messageId: RUN, attempt: 1 };
  const chunk = (part: object): object => ({ type: 'chunk', runId: RUN, chunk: part });
  const entries: object[] = [
    { type: 'message', prev: '0-0', message: { id, role: 'user', parts: [{ type: 'text', text }] }, runId: RUN },
    { type: 'metadata', status: 'started', prev: '1-0', ...run },
    chunk({ type: 'start', messageId: RUN }),
    chunk({ type: 'start-step' }),
    chunk({ type: 'tool-input-available', toolCallId: 't1', toolName: 'look_up', input: { what: 'npm' } }),
    chunk({ type: 'tool-output-available', toolCallId: 't1', output: 'a program' }),
    chunk({ type: 'text-start', id: '1' }),
    ...(ANSWER.match(/.{1,7}/gs) ?? []).map((delta) => chunk({ type: 'text-delta', id: '1', delta })),
    chunk({ type: 'text-end', id: '1' }),
    chunk({ type: 'finish-step' }),
    chunk({ type: 'finish' }),
    { type: 'metadata', status: 'completed', ...run } satisfies StreamMessage,
  ];
  // The prompt has a fence of its own, the run the next one.
  const frames = entries.map(
    (entry, at) => `id: ${at === 0 ? '1-0' : `2-${at - 1}`}\ndata: ${JSON.stringify(entry)}\n\n`,
  );
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(`${frames.join('')}event: ping\ndata: {}\n\n`)),
  });
}
