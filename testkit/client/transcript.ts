import type { WireMessage, WirePart } from './protocol-client.ts';
import type { WireFrame } from './wire.ts';

/** A message as a reader gets it. */
export interface ReadMessage {
  id: string;
  role: string;
  /** What became of an assistant's run; null for other messages. */
  status: string | null;
  text: string;
  reasoning: string;
  /** Tool calls that were answered, oldest first. */
  tools: ReadTool[];
}

/** A tool call and its answer. */
export interface ReadTool {
  name: string;
  input: unknown;
  output: unknown;
}

/**
 * The fold of docs/protocol.md, as far as text, reasoning and tools go: apart from the product's own, and small enough
 * to check by reading.
 */
export interface Transcript {
  /** @throws Error when the frame cannot be folded: it belongs to a message or a part that does not exist. */
  apply(frame: WireFrame): void;
  messages(): ReadMessage[];
}

interface OpenMessage {
  id: string;
  role: string;
  status: string | null;
  parts: WirePart[];
}

/** An empty transcript. */
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
      // A run that is stopped before it begins leaves no reply.
      if (status !== 'started' && status !== 'restarted') return;
      reply = { id: String(message['messageId']), role: 'assistant', status, parts: [] };
      messages.push(reply);
    }
    reply.status = status;
    if (message['reset'] === true) cutSteps(reply, Number(message['steps'] ?? 0));
  }

  return {
    apply({ message }) {
      if (message.type === 'snapshot') messages = (message['messages'] as WireMessage[]).map(openMessage);
      else if (message.type === 'message') {
        cutAfter(message['parentId']);
        messages.push(openMessage(message['message'] as WireMessage));
      } else if (message.type === 'metadata') applyMetadata(message);
      else if (message.type === 'chunk') applyChunk(replyOf(message.runId), message['chunk'] as Chunk);
    },
    messages: () => messages.map(readMessage),
  };
}

/** Reads messages that came whole, as those of a session's state, in the same way. */
export function readMessages(messages: readonly WireMessage[]): ReadMessage[] {
  return messages.map(openMessage).map(readMessage);
}

function openMessage({ id, role, parts, metadata }: WireMessage): OpenMessage {
  return { id, role, status: metadata?.run?.status ?? null, parts: parts.map((part) => ({ ...part })) };
}

function readMessage({ id, role, status, parts }: OpenMessage): ReadMessage {
  const join = (wanted: string): string =>
    parts.map(({ type, text }) => (type === wanted ? (text ?? '') : '')).join('');
  const tools = parts.filter(({ state }) => state === 'output-available');
  return {
    ...{ id, role, status, text: join('text'), reasoning: join('reasoning') },
    tools: tools.map(({ type, input, output }) => ({ name: type.replace(/^tool-/, ''), input, output })),
  };
}

interface Chunk {
  type: string;
  delta?: string;
  toolCallId?: string;
  toolName?: string;
  input?: unknown;
  output?: unknown;
}

function applyChunk(reply: OpenMessage | undefined, chunk: Chunk): void {
  const { type, delta = '' } = chunk;
  if (!reply) throw new Error(`A ${type} chunk came for a run that has not started.`);
  if (type === 'start-step') reply.parts.push({ type: 'step-start' });
  else if (type === 'text-start' || type === 'reasoning-start') {
    reply.parts.push({ type: type.replace('-start', ''), text: '' });
  } else if (type === 'text-delta' || type === 'reasoning-delta') {
    const kind = type.replace('-delta', '');
    const last = reply.parts.findLast((part) => part.type === kind);
    if (!last) throw new Error(`A ${type} came without its start.`);
    last.text += delta;
  } else if (type === 'tool-input-available') {
    const { toolCallId = '', toolName = '', input } = chunk;
    reply.parts.push({ type: `tool-${toolName}`, toolCallId, input, state: 'input-available' });
  } else if (type === 'tool-output-available') answerTool(reply, chunk);
}

function answerTool(reply: OpenMessage, { toolCallId, output }: Chunk): void {
  const call = reply.parts.findLast((part) => part.toolCallId === toolCallId);
  if (!call) throw new Error(`A tool's output came without its call ${toolCallId ?? ''}.`);
  Object.assign(call, { output, state: 'output-available' });
}

/** Cuts a reply before its (n+1)-th `step-start`; n = 0 empties it. */
function cutSteps(reply: OpenMessage, steps: number): void {
  const starts = reply.parts.flatMap(({ type }, index) => (type === 'step-start' ? [index] : []));
  const end = steps === 0 ? 0 : starts[steps];
  if (end !== undefined) reply.parts.length = end;
}
