import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { sleep } from '../../../util/sleep.ts';
import { createPace, type Pace } from './pace.ts';
import type { Scene, Script } from './script.ts';

type Part = LanguageModelV4StreamPart;

/** The longest time that a timer holds, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** How a script is played. */
export interface PlayOptions {
  tokensPerSecond: number;
  /** The most tokens to say. */
  maxTokens: number;
  /** Text that was said before the model was cut off: it is left out, and so is the reasoning before it. */
  said: string;
  signal: AbortSignal;
  /** Names the tool calls of this answer apart from those of others in the conversation. */
  callPrefix: string;
}

/** How a script ended. */
export interface Played {
  reason: LanguageModelV4FinishReason['unified'];
  /** Tokens that were said. */
  tokens: number;
}

/**
 * Plays a script as the parts of an answer, at a set pace; its finish is left to the caller.
 *
 * @throws the signal's reason when the signal aborts.
 */
export async function* playScript({ scenes }: Script, options: PlayOptions): AsyncGenerator<Part, Played> {
  const { maxTokens, signal, callPrefix } = options;
  const speaker = createSpeaker(createPace(options.tokensPerSecond), { ...options, maxTokens });
  let reason: Played['reason'] = 'stop';
  for (const [index, scene] of scenes.entries()) {
    const id = `${scene.kind}-${index}`;
    switch (scene.kind) {
      case 'text':
      case 'reasoning':
        yield* speaker.speak(scene, id);
        if (speaker.isFull) return { reason: 'length', tokens: speaker.tokens };
        break;
      case 'tool-call':
        yield* callTool(scene, `${callPrefix}-${index}`);
        reason = 'tool-calls';
        break;
      case 'stall':
        // Until the reader aborts.
        for (;;) await sleep(LONGEST_TIMER_MS, signal);
      case 'error':
        yield { type: 'error', error: new Error('The demo model was asked to fail') };
        reason = 'error';
    }
  }
  return { reason, tokens: speaker.tokens };
}

type SpokenScene = Extract<Scene, { kind: 'text' | 'reasoning' }>;

function createSpeaker(pace: Pace, { said, maxTokens, signal }: Pick<PlayOptions, 'said' | 'maxTokens' | 'signal'>) {
  let left = said;
  let due = 0;
  let tokens = 0;
  let isFull = false;

  return {
    /** Tokens that were said. */
    get tokens() {
      return tokens;
    },
    /** True when there was more to say than `maxTokens`. */
    get isFull() {
      return isFull;
    },

    async *speak({ kind, tokens: pieces }: SpokenScene, id: string): AsyncGenerator<Part> {
      if (kind === 'reasoning' && left !== '') return;
      yield { type: `${kind}-start`, id };
      for (const piece of pieces) {
        if (left !== '') {
          // The connection may have broken within a token: the rest of it is said at once.
          const rest = left.startsWith(piece) ? '' : piece.startsWith(left) ? piece.slice(left.length) : piece;
          left = left.startsWith(piece) ? left.slice(piece.length) : '';
          if (rest !== '') yield { type: `${kind}-delta`, id, delta: rest };
          continue;
        }
        if (tokens >= maxTokens) {
          isFull = true;
          break;
        }
        if (due === 0) due = await pace.due(signal);
        due -= 1;
        tokens += 1;
        yield { type: `${kind}-delta`, id, delta: piece };
      }
      yield { type: `${kind}-end`, id };
    },
  };
}

function* callTool({ toolName, input }: Extract<Scene, { kind: 'tool-call' }>, toolCallId: string): Generator<Part> {
  yield { type: 'tool-input-start', id: toolCallId, toolName };
  yield { type: 'tool-input-delta', id: toolCallId, delta: input };
  yield { type: 'tool-input-end', id: toolCallId };
  yield { type: 'tool-call', toolCallId, toolName, input };
}
