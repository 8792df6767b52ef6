import type { MessageMetadata } from '../protocol.ts';

/** Levels merged. Below, objects are replaced: nothing a model sends may overflow the stack. */
const MAX_DEPTH = 32;
/** Keys of one object. A merge copies the object, so without a limit many small merges would cost the square of them. */
const MAX_METADATA_KEYS = 64;
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
/** Fields of a message's metadata that belong to the relay. */
const OWN_KEYS = new Set(['run', 'feedback']);

/**
 * Merges a chunk's `messageMetadata` into the metadata of a message, as the AI SDK does: objects deeply, other values
 * replaced; keys beyond `MAX_METADATA_KEYS` are left out. `run` and `feedback` belong to the relay and are kept. An
 * `added` that is not an object is ignored.
 */
export function mergeMetadata(metadata: MessageMetadata, added: unknown): MessageMetadata {
  return isObject(added) ? merge(metadata, added, 0) : metadata;
}

function merge(base: Record<string, unknown>, over: Record<string, unknown>, depth: number): Record<string, unknown> {
  let result = base;
  let keys = Object.keys(base).length;
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || UNSAFE_KEYS.has(key) || (depth === 0 && OWN_KEYS.has(key))) continue;
    const isKnown = Object.hasOwn(result, key);
    if (!isKnown && keys >= MAX_METADATA_KEYS) continue;
    if (!isKnown) keys += 1;
    const before = isKnown ? result[key] : undefined;
    if (result === base) result = { ...base };
    result[key] = depth < MAX_DEPTH && isObject(before) && isObject(value) ? merge(before, value, depth + 1) : value;
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
