import type { StreamMessage } from '#shared/protocol.ts';

/** How a remark is coloured. */
export type Tone = 'plain' | 'broken' | 'mended' | 'raised' | 'done';

/** A sentence about what happened. */
export interface Remark {
  tone: Tone;
  text: string;
}

/** The kind of a log entry in a word or two, and the start of its content. */
export function describe(message: StreamMessage | null): { label: string; text: string } {
  if (!message) return { label: 'unknown', text: '' };
  switch (message.type) {
    case 'snapshot': {
      const { length } = message.messages;
      return { label: 'snapshot', text: `the sealed transcript: ${length} ${length === 1 ? 'message' : 'messages'}` };
    }
    case 'message':
      return {
        label: 'prompt',
        text: message.message.parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
      };
    case 'metadata': {
      const kept = message.reset ? `, finished model turns kept: ${message.steps ?? 0}` : '';
      return { label: message.status, text: `attempt ${message.attempt}${kept}` };
    }
    case 'error':
      return { label: 'error', text: message.problem.code };
    case 'chunk':
      return { label: message.chunk.type, text: 'delta' in message.chunk ? message.chunk.delta : '' };
  }
}

/** What an entry means, for an onlooker; null when it is obvious. `fence` and `former` are numbers of lanes. */
export function explain(message: StreamMessage | null, fence: number, former: number | null): Remark | null {
  if (message?.type === 'message')
    return { tone: 'plain', text: 'The prompt was in the log before the relay said yes to it.' };
  if (message?.type !== 'metadata') return null;
  switch (message.status) {
    case 'started':
      return {
        tone: 'plain',
        text: `A relay took the run: fence ${fence} is its right to write, and nobody else has it.`,
      };
    case 'restarted':
      return {
        tone: 'raised',
        text:
          `Another one took over: fence raised from ${former ?? '?'} to ${fence}. The old writer would be refused now. ` +
          (message.reset
            ? 'Attempt ' + message.attempt + ' writes the answer anew from its last finished step.'
            : 'It goes on in mid-sentence.'),
      };
    case 'cancelled':
      return {
        tone: 'raised',
        text: `Stopped: that too is a raised fence (${fence}). Whoever was writing is refused from here on.`,
      };
    case 'completed':
      return { tone: 'done', text: 'Whole. This entry closed the run in the same write: there is no second ending.' };
    case 'failed':
      return { tone: 'broken', text: 'The run failed. What had been written is kept.' };
    case 'queued':
      return null;
  }
}
