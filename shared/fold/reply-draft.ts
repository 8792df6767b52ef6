import { isTooDeep } from './bound-depth.ts';
import { parsePartialJson } from './partial-json.ts';
import type { ChatPart } from '../protocol.ts';
import { isToolPart, withoutUndefined, type Reply, type ToolPart } from './reply.ts';
import { ReplyIndex, type Place } from './reply-index.ts';

/**
 * Parts that one message may have; further ones are dropped. An answer has some dozens; a message of 10,000 is still
 * drawn. The relay fails a run before it comes that far.
 */
const MAX_PARTS = 10_000;

/** Text and reasoning parts that may be open at a time; a further one is dropped. Models have one or two. */
const MAX_OPEN_PARTS = 256;

/**
 * UTF-16 units of an unfinished input that are parsed; `rawInput` has all of it. A state is made after each delta, so
 * without a limit a long input would cost the square of its length.
 */
export const MAX_PARTIAL_INPUT = 8192;

/** The indexes of replies that nothing was folded into since: the fold that goes on from a reply takes its index. */
const indexes = new WeakMap<Reply, Shelf>();

/** An index and the parts it looks at: the newest of its reply. */
interface Shelf {
  index: ReplyIndex;
  parts: readonly ChatPart[];
}

/**
 * A reply while chunks are folded into it: changed in place, so that folding is linear in the number of chunks. The
 * reply that it was made from, and those it gives, are immutable.
 */
export class ReplyDraft {
  readonly open: Map<string, number>;
  readonly #from: Reply;
  readonly #parts: ChatPart[];
  readonly #shelf: Shelf;
  /** Calls whose `input` is not yet parsed from their `rawInput`. */
  readonly #unparsed = new Set<number>();
  #hasChanged = false;

  constructor(reply: Reply) {
    this.#from = reply;
    this.#parts = reply.parts.slice();
    this.open = new Map(reply.open);
    this.#shelf = takeShelf(reply);
    this.#shelf.parts = this.#parts;
  }

  get length(): number {
    return this.#parts.length;
  }

  /** The part at `index`, an unfinished input of it parsed. */
  part(index: number | undefined): ChatPart | undefined {
    if (index === undefined) return undefined;
    if (this.#unparsed.delete(index)) this.#parseInput(index);
    return this.#parts[index];
  }

  /** Puts a part at the end. False when the message is full. */
  append(part: ChatPart): boolean {
    if (this.#parts.length >= MAX_PARTS) return false;
    this.#parts.push(part);
    this.#shelf.index.add(part, this.#parts.length - 1);
    this.#hasChanged = true;
    return true;
  }

  replace(index: number, part: ChatPart): void {
    this.#parts[index] = part;
    this.#unparsed.delete(index);
    if (isToolPart(part)) this.#shelf.index.noteApproval(part, index);
    this.#hasChanged = true;
  }

  /** Drops the parts of the current step, and closes every text. */
  resetStep(): void {
    const { index } = this.#shelf;
    for (let at = index.stepStart; at < this.#parts.length; at += 1) this.#unparsed.delete(at);
    this.#parts.length = index.stepStart;
    index.clearStep();
    this.open.clear();
    this.#hasChanged = true;
  }

  /** Opens a text or reasoning part by its key. False when it is not kept. */
  openPart(key: string, part: ChatPart): boolean {
    if (this.open.size >= MAX_OPEN_PARTS && !this.open.has(key)) return false;
    if (!this.append(part)) return false;
    this.open.set(key, this.#parts.length - 1);
    return true;
  }

  /** Adds to the `rawInput` of a call; its `input` is parsed when the part is read. */
  extendInput({ index, part }: Place, delta: string): void {
    if (part.state !== 'input-streaming') return;
    const rawInput = (part.rawInput ?? '') + delta;
    this.#parts[index] = { ...part, rawInput };
    this.#unparsed.add(index);
    this.#hasChanged = true;
  }

  /** The first call of the current step with this id. Its unfinished input may not be parsed. */
  callInStep(toolCallId: string, kind?: 'static' | 'dynamic'): Place | null {
    return this.#shelf.index.callInStep(toolCallId, kind);
  }

  /** The call in the current step, else the last one with that id in the message. */
  call(toolCallId: string): Place | null {
    return this.#settled(this.#shelf.index.call(toolCallId));
  }

  /** The first call that asks for this approval. */
  approval(approvalId: unknown): Place | null {
    return this.#settled(this.#shelf.index.approval(approvalId));
  }

  /** Place of the data part of this type and id; undefined when there is none. */
  data(type: string, id: unknown): number | undefined {
    return this.#shelf.index.data(type, id);
  }

  /** Ends the draft. The reply it was made from when nothing has changed. */
  toReply(): Reply {
    for (const index of this.#unparsed) this.#parseInput(index);
    const reply = this.#hasChanged ? { parts: this.#parts, open: this.open } : this.#from;
    this.#shelf.parts = reply.parts;
    indexes.set(reply, this.#shelf);
    return reply;
  }

  #settled(place: Place | null): Place | null {
    return place && { index: place.index, part: this.part(place.index) as ToolPart };
  }

  #parseInput(index: number): void {
    const part = this.#parts[index];
    if (!part || !isToolPart(part) || part.state !== 'input-streaming') return;
    const { rawInput = '' } = part;
    this.#parts[index] = withoutUndefined({ ...part, input: inputOf(rawInput, part.inputEncoding) });
  }
}

function inputOf(rawInput: string, encoding: 'json' | 'text' | undefined): unknown {
  if (encoding === 'text') return rawInput;
  const parsed = parsePartialJson(rawInput.slice(0, MAX_PARTIAL_INPUT));
  return isTooDeep(parsed) ? undefined : parsed;
}

/** Takes the index of a reply, or makes one when another fold has taken it. */
function takeShelf(reply: Reply): Shelf {
  const kept = indexes.get(reply);
  if (kept && indexes.delete(reply)) return kept;
  const shelf: { parts: readonly ChatPart[]; index?: ReplyIndex } = { parts: reply.parts };
  shelf.index = new ReplyIndex(() => shelf.parts);
  return shelf as Shelf;
}
