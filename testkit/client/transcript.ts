import type { WireMessage } from './protocol-client.ts';
import type { WireFrame } from './wire.ts';

/** A message as a person would read it. */
export interface ReadMessage {
  id: string;
  role: string;
  text: string;
  /** Of an assistant's message: what became of its run. */
  status: string | null;
}

interface Part {
  type: string;
  text: string;
}

interface OpenMessage {
  id: string;
  role: string;
  parts: Part[];
  status: string | null;
}

/**
 * The fold of docs/protocol.md, as far as the text of a conversation goes; small enough to be seen to be right, and
 * apart from the product's own.
 */
export interface Transcript {
  apply(frame: WireFrame): void;
  messages(): ReadMessage[];
}

export function createTranscript(): Transcript {
  let messages: OpenMessage[] = [];

  function cutAfter(parentId: unknown): void {
    if (typeof parentId !== 'string') return;
    const index = messages.findIndex(({ id }) => id === parentId);
    if (parentId !== '' && index < 0) throw new Error(`The parent ${parentId} is no message of the conversation.`);
    messages = messages.slice(0, index + 1);
  }

  function replyOf(runId: unknown): OpenMessage | undefined {
    return messages.find(({ id, role }) => role === 'assistant' && id === runId);
  }

  function applyMetadata(message: WireFrame['message']): void {
    const status = String(message['status']);
    if (status === 'queued') {
      cutAfter(message['parentId']);
      return;
    }
    let reply = replyOf(message['messageId']);
    if (!reply) {
      // A run that is stopped before it began leaves no reply.
      if (status !== 'started' && status !== 'restarted') return;
      reply = { id: String(message['messageId']), role: 'assistant', parts: [], status };
      messages.push(reply);
    }
    reply.status = status;
    if (message['reset'] === true) cutSteps(reply, Number(message['steps'] ?? 0));
  }

  return {
    apply({ message }) {
      if (message.type === 'snapshot') messages = (message['messages'] as WireMessage[]).map(fromSnapshot);
      else if (message.type === 'message') {
        cutAfter(message['parentId']);
        messages.push(fromSnapshot(message['message'] as WireMessage));
      } else if (message.type === 'metadata') applyMetadata(message);
      else if (message.type === 'chunk') applyChunk(replyOf(message.runId), message['chunk'] as Chunk);
    },
    messages: () =>
      messages.map(({ id, role, parts, status }) => ({
        id,
        role,
        status,
        text: parts.map(({ text }) => text).join(''),
      })),
  };
}

interface Chunk {
  type: string;
  delta?: string;
}

function applyChunk(reply: OpenMessage | undefined, { type, delta = '' }: Chunk): void {
  if (!reply) throw new Error(`A ${type} chunk came for a run that has not started.`);
  if (type === 'start-step') reply.parts.push({ type: 'step-start', text: '' });
  else if (type === 'text-start') reply.parts.push({ type: 'text', text: '' });
  else if (type === 'text-delta') {
    const last = reply.parts.findLast((part) => part.type === 'text');
    if (!last) throw new Error('A text-delta came without its text-start.');
    last.text += delta;
  }
}

/** Cuts a reply before its (n+1)-th `step-start`; n = 0 empties it. */
function cutSteps(reply: OpenMessage, steps: number): void {
  const starts = reply.parts.flatMap(({ type }, index) => (type === 'step-start' ? [index] : []));
  const end = steps === 0 ? 0 : starts[steps];
  if (end !== undefined) reply.parts.length = end;
}

function fromSnapshot({ id, role, parts, metadata }: WireMessage): OpenMessage {
  return {
    id,
    role,
    status: metadata?.run?.status ?? null,
    parts: parts.map(({ type, text = '' }) => ({ type, text: type === 'text' ? text : '' })),
  };
}

/** The same reading of a state that came whole. */
export function readMessages(messages: WireMessage[]): ReadMessage[] {
  return messages.map(fromSnapshot).map(({ id, role, parts, status }) => ({
    id,
    role,
    status,
    text: parts.map(({ text }) => text).join(''),
  }));
}
