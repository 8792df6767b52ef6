import type { MessageMetadata } from '../protocol.ts';

/** Levels merged. Below, objects are replaced: nothing a model sends may overflow the stack. */
const MAX_DEPTH = 32;
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Merges a chunk's `messageMetadata` into the metadata of a message, as the AI SDK does: objects deeply, other values
 * replaced. `run` and `feedback` belong to the relay and are kept. An `added` that is not an object is ignored.
 */
export function mergeMetadata(metadata: MessageMetadata, added: unknown): MessageMetadata {
  if (!isObject(added)) return metadata;
  const { run: _run, feedback: _feedback, ...rest } = added;
  return merge(metadata, rest, MAX_DEPTH);
}

function merge(base: Record<string, unknown>, over: Record<string, unknown>, depth: number): Record<string, unknown> {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined || UNSAFE_KEYS.has(key)) continue;
    const before = Object.hasOwn(base, key) ? base[key] : undefined;
    result[key] = depth > 0 && isObject(before) && isObject(value) ? merge(before, value, depth - 1) : value;
  }
  return result;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
