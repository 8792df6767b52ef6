import { SCRIPT_NAMES, SCRIPTS, type ScriptName } from '#relay/store/redis/scripts.ts';

/** Replaces `from` by `to` in the texts of these scripts; in every script that has it when none are named. */
export interface LuaEdit {
  readonly scripts?: readonly ScriptName[];
  readonly from: string;
  readonly to: string;
}

/**
 * Edits the scripts that this process sends to Redis. Called before the store is opened, and only by a relay that was
 * started to be broken.
 *
 * @throws Error when a script does not have the text: the mutation is outdated.
 */
export function mutateScripts(edits: readonly LuaEdit[]): void {
  const scripts: Record<ScriptName, string> = SCRIPTS;
  for (const { scripts: names, from, to } of edits) {
    const changed = (names ?? SCRIPT_NAMES).filter((name) => scripts[name].includes(from));
    if (changed.length === 0 || (names && changed.length < names.length)) throw new Error(`No script says “${from}”.`);
    for (const name of changed) scripts[name] = scripts[name].replace(from, to);
  }
}

/** Edits by the rule that they break. */
export const LUA_MUTATIONS: Readonly<Record<string, readonly LuaEdit[]>> = {
  'Lua: no fence check': [
    {
      scripts: ['append'],
      from: "if fields[1] ~= fence or holder == 'nobody' then return { 'fenced' } end",
      to: 'fence = fields[1]',
    },
    { scripts: ['append'], from: "if holder ~= 'lease' then return { 'fenced' } end", to: '' },
    {
      scripts: ['finish'],
      from: "if int(s.fence) ~= fence or s.holder ~= 'lease' then return { 'fenced' } end",
      to: 'fence = int(s.fence)',
    },
    {
      scripts: ['renew'],
      from: "if int(s.fence) ~= ARGV[5] or s.holder ~= 'lease' then return { 'fenced' } end",
      to: '',
    },
  ],
  'Lua: leases that nobody looks at': [
    { scripts: ['claim'], from: "if s.due > at then return { 'owned', int(s.due) } end", to: '' },
    { scripts: ['take'], from: 'tonumber(ARGV[1])', to: 'math.huge' },
  ],
  'Lua: scripts that begin when the server is full': [
    { scripts: ['submit'], from: '#!lua\n', to: '' },
    { scripts: ['append'], from: '#!lua\n', to: '' },
    { scripts: ['finish'], from: '#!lua\n', to: '' },
  ],
  'Lua: keys that vanish are not missed': [
    { from: 'local damage = damage_of(s)', to: 'local damage = nil' },
    { scripts: ['append'], from: "'NOMKSTREAM', ", to: '' },
    { scripts: ['finish'], from: "'NOMKSTREAM', ", to: '' },
  ],
  'Lua: fences that are just counted': [
    { from: 'return within_bounds(math.max(s.fence, at) + 1 + tonumber(random))', to: 'return s.fence + 1' },
  ],
  'Lua: gaps that are not answered': [
    { scripts: ['append'], from: "if seq > next_seq then return { 'gap', int(next_seq) } end", to: '' },
    { scripts: ['finish'], from: "if seq ~= s.next then return { 'gap', int(s.next) } end", to: '' },
  ],
};
