import { expect, it } from 'vitest';
import type { ChatPart } from '../protocol.ts';
import { isToolPart } from './reply.ts';

it.each<[boolean, object]>([
  [true, { type: 'tool-weather', toolCallId: 'c', state: 'input-available', input: {} }],
  [true, { type: 'dynamic-tool', toolName: 'weather', toolCallId: 'c', state: 'output-available' }],
  [false, { type: 'tool-weather' }],
  [false, { type: 'tool-weather', toolCallId: 'c' }],
  [false, { type: 'tool-weather', toolCallId: 1, state: 'input-available' }],
  [false, { type: 'dynamic-tool', toolCallId: 'c', state: 'input-available' }],
  [false, { type: 'text', text: '', toolCallId: 'c', state: 'done' }],
])('whether a part is a tool call (%s): by its type, the id and the state of the call: %o', (isTool, part) => {
  expect(isToolPart(part as ChatPart)).toBe(isTool);
});
