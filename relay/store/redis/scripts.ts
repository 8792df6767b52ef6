import { MAX_HAND_OVERS, TOMBSTONE_LIFETIMES } from '../port-rules.ts';
import { readLua } from './read-lua.ts';

/** The scripts of lua/. Their headers say what each takes and answers. */
export const SCRIPT_NAMES = [
  'append',
  'cancel',
  'check',
  'claim',
  'delete',
  'finish',
  'head',
  'inspect',
  'lose',
  'rate',
  'read',
  'release',
  'renew',
  'requeue',
  'revoke',
  'seal',
  'submit',
  'take',
] as const;

/** Name of a script. */
export type ScriptName = (typeof SCRIPT_NAMES)[number];

/** The rules of the port as Lua; lib/base.lua says where they go. */
const RULES = `local MAX_HAND_OVERS, TOMBSTONE_LIFETIMES = ${MAX_HAND_OVERS}, ${TOMBSTONE_LIFETIMES}`;

/** The scripts' texts, as they are sent to the server. */
export const SCRIPTS: Readonly<Record<ScriptName, string>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, readLua(name).replace('-- @rules', RULES)]),
) as Record<ScriptName, string>;
