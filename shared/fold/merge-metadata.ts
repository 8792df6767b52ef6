import type { MessageMetadata } from '../protocol.ts';

/** Deeper than this an object is replaced and no longer merged: nothing that a model sends may overflow the stack. */
const MAX_DEPTH = 32;
const UNSAFE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The metadata of a message with what a chunk's `messageMetadata` says merged into it, as the AI SDK does: objects
 * deeply, all else replaced. `run` and `feedback` are the relay's own and stay as they are; what is no object is ignored.
 */
export function mergeMetadata(metadata: MessageMetadata, said: unknown): MessageMetadata {
  if (!isObject(said)) return metadata;
  const { run: _run, feedback: _feedback, ...rest } = said;
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
