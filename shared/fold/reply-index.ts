import type { ChatPart } from '../protocol.ts';
import { isToolPart, type ToolPart } from './reply.ts';

/** A tool call among the parts of a reply. */
export interface Place {
  index: number;
  part: ToolPart;
}

/**
 * Where the parts of one reply are, by what chunks call them. A search through the parts for each chunk would make a
 * fold cost the square of its length.
 *
 * Lists of places may name parts that were cut off or replaced since: each lookup compares the part and drops a place
 * that is stale, so that nothing has to be removed when parts are.
 */
export class ReplyIndex {
  /** Index of the first part of the current step: after the last `step-start`, or 0 when there is none. */
  stepStart = 0;
  readonly #parts: () => readonly ChatPart[];
  /** The calls of the current step, by kind and id: `writeCall` makes one of each kind at most. */
  readonly #inStep = { static: new Map<string, number>(), dynamic: new Map<string, number>() };
  /** Places in ascending order, by call id and by approval id. */
  readonly #calls = new Map<string, number[]>();
  readonly #approvals = new Map<unknown, number[]>();
  /** Places of data parts by type and id. */
  readonly #data = new Map<string, Map<unknown, number>>();

  /** `parts` answers the parts as they are now. */
  constructor(parts: () => readonly ChatPart[]) {
    this.#parts = parts;
    for (const [index, part] of parts().entries()) this.add(part, index);
  }

  /** Notes a part that was put at the end. */
  add(part: ChatPart, index: number): void {
    if (part.type === 'step-start') {
      this.stepStart = index + 1;
      this.clearStep();
    } else if (isToolPart(part)) {
      this.#inStep[kindOf(part)].set(part.toolCallId, index);
      const places = listOf(this.#calls, part.toolCallId);
      while ((places.at(-1) ?? -1) >= index) places.pop();
      places.push(index);
      this.noteApproval(part, index);
    } else if ('id' in part && part.type.startsWith('data-')) {
      const ofType = this.#data.get(part.type) ?? new Map<unknown, number>();
      this.#data.set(part.type, ofType.set(part.id, index));
    }
  }

  /** Forgets the calls of the current step. */
  clearStep(): void {
    this.#inStep.static.clear();
    this.#inStep.dynamic.clear();
  }

  /** Notes the approval that a call asks for. */
  noteApproval({ approval }: ToolPart, index: number): void {
    if (approval) insert(listOf(this.#approvals, approval.id), index);
  }

  /** The first call of the current step with this id, of one kind or of either. */
  callInStep(toolCallId: string, kind?: 'static' | 'dynamic'): Place | null {
    if (kind) return this.#placeAt(this.#inStep[kind].get(toolCallId));
    const [one, other] = [this.#inStep.static.get(toolCallId), this.#inStep.dynamic.get(toolCallId)];
    return this.#placeAt(one === undefined || other === undefined ? (one ?? other) : Math.min(one, other));
  }

  /** The call in the current step, else the last one with that id in the message. */
  call(toolCallId: string): Place | null {
    const inStep = this.callInStep(toolCallId);
    if (inStep) return inStep;
    const places = this.#calls.get(toolCallId) ?? [];
    while (places.length > 0) {
      const place = this.#placeAt(places.at(-1));
      if (place?.part.toolCallId === toolCallId) return place;
      places.pop();
    }
    return null;
  }

  /** The first call that asks for this approval. */
  approval(approvalId: unknown): Place | null {
    const places = this.#approvals.get(approvalId) ?? [];
    while (places.length > 0) {
      const place = this.#placeAt(places[0]);
      if (place?.part.approval && place.part.approval.id === approvalId) return place;
      places.shift();
    }
    return null;
  }

  /** Place of the data part of this type and id; undefined when there is none. */
  data(type: string, id: unknown): number | undefined {
    const index = this.#data.get(type)?.get(id);
    const part = index === undefined ? undefined : this.#parts()[index];
    return part?.type === type && 'id' in part && part.id === id ? index : undefined;
  }

  #placeAt(index: number | undefined): Place | null {
    const part = index === undefined ? undefined : this.#parts()[index];
    return index !== undefined && part && isToolPart(part) ? { index, part } : null;
  }
}

function kindOf({ type }: ToolPart): 'static' | 'dynamic' {
  return type === 'dynamic-tool' ? 'dynamic' : 'static';
}

function listOf<K>(lists: Map<K, number[]>, key: K): number[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Inserts a place in ascending order, once. Nearly always it belongs to the end. */
function insert(places: number[], index: number): void {
  let at = places.length;
  while (at > 0 && (places[at - 1] ?? 0) > index) at -= 1;
  if (places[at - 1] !== index) places.splice(at, 0, index);
}
