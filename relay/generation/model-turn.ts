import type { LanguageModel, ModelMessage } from 'ai';
import { orAborted } from '../util/or-aborted.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import { openModelStream, type ModelStream } from './model-stream.ts';
import { isOutput } from './to-chunk.ts';
import { ModelTurnError } from './turn-errors.ts';
import { createTurnRecorder, type ModelTurn, type TurnRecorder, type TurnRecorderOptions } from './turn-recorder.ts';
import { createWatchdog, type ModelTimeouts, type Watchdog } from './watchdog.ts';

/** One call of a model, and where its chunks go. `tools` have no `execute`: the relay runs each as its own step. */
export interface ModelTurnOptions extends TurnRecorderOptions {
  model: LanguageModel;
  messages: ModelMessage[];
  /** The system prompt. */
  instructions: string | undefined;
  maxOutputTokens: number;
  timeouts: ModelTimeouts;
  signal: AbortSignal;
}

/**
 * Calls the model once and emits its chunks as they come, from `start-step` up to `finish-step`, which is left to the
 * caller.
 *
 * @throws ModelTurnError however the call fails: refused, an error in its stream, a stall, a cut stream, an empty answer.
 * @throws the signal's reason when the signal aborts.
 */
export async function runModelTurn(options: ModelTurnOptions): Promise<ModelTurn> {
  const { signal, timeouts } = options;
  const abort = new AbortController();
  const watchdog = createWatchdog(timeouts, (error) => abort.abort(error));
  const eitherSignal = AbortSignal.any([signal, abort.signal]);
  const recorder = createTurnRecorder(options);
  const call = openCall(options, eitherSignal);
  try {
    watchdog.wait();
    const stream = await orAborted(call, eitherSignal);
    watchdog.heard(false);
    // Ends a pending read even when the model ignores its signal. Cheaper than racing each read against the signal.
    eitherSignal.addEventListener('abort', () => stream.cancel(), { once: true });
    await record(stream, recorder, watchdog);
    eitherSignal.throwIfAborted();
    return await recorder.end();
  } catch (error) {
    signal.throwIfAborted();
    throw new ModelTurnError(abort.signal.aborted ? abort.signal.reason : error, recorder.hasOutput);
  } finally {
    watchdog.stop();
    abort.abort();
    // The stream may still open after an abort. How it fails does not matter: the turn's outcome is known.
    call.then((opened) => opened.cancel()).catch(() => {});
  }
}

async function record(stream: ModelStream, recorder: TurnRecorder, watchdog: Watchdog): Promise<void> {
  for (;;) {
    watchdog.wait();
    const part = await stream.next();
    if (part === null) return;
    watchdog.heard(isOutput(part));
    const hasRoom = recorder.take(part);
    if (hasRoom) await hasRoom;
  }
}

function openCall(options: ModelTurnOptions, abortSignal: AbortSignal): Promise<ModelStream> {
  const { model, messages, instructions, tools, maxOutputTokens } = options;
  return openModelStream({
    model,
    messages,
    ...withoutUndefined({ instructions, tools: Object.keys(tools).length === 0 ? undefined : tools }),
    maxOutputTokens,
    abortSignal,
  });
}
