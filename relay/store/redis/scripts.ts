import { readLua } from './read-lua.ts';

/** Every script of relay/store/redis/lua/, whose headers say what each takes and answers. */
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

export type ScriptName = (typeof SCRIPT_NAMES)[number];

/** The scripts' texts. */
export const SCRIPTS: Readonly<Record<ScriptName, string>> = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, readLua(name)]),
) as Record<ScriptName, string>;
