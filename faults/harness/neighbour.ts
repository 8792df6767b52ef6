import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../../scripts/ensure-build.ts';

/** Another version of the relay, unpacked in a folder of its own. */
export interface Neighbour {
  /** Its tag, or the beginning of its commit's hash. */
  readonly version: string;
  /** The file that starts its relay. */
  readonly script: string;
  dispose(): void;
}

/** Declares the version of the keys of a shared store. */
const FORMAT = 'relay/store/redis/check-format.ts';

/** Where the relay's entry has been, the newest place first. */
const ENTRIES = ['relay/node/main.ts', 'relay/main.ts'];

/**
 * Unpacks the last release; before there is one, the first commit that wrote keys of this version's format, which is
 * further away than any release will be. Its source comes from the git history and runs on the packages installed here.
 *
 * @throws Error when there is no history: in a copy without `.git`, or in a shallow clone.
 */
export function openNeighbour(): Neighbour {
  const ref = git('tag', '--list', 'v*', '--sort=-version:refname').split('\n')[0] || firstOfFormat();
  if (!ref) throw new Error('No earlier version to run beside this one: this row needs the whole git history.');
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-neighbour-'));
  const archive = path.join(folder, 'source.tar');
  const source = path.join(folder, 'source');
  git('archive', '--output', archive, ref, 'relay', 'shared', 'package.json');
  mkdirSync(source);
  execFileSync('tar', ['-xf', archive, '-C', source]);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(source, 'node_modules'));
  const script = ENTRIES.map((entry) => path.join(source, entry)).find((entry) => existsSync(entry));
  if (!script) throw new Error(`${ref} has none of ${ENTRIES.join(', ')}: add the place of its entry here.`);
  return {
    version: ref.startsWith('v') ? ref : ref.slice(0, 7),
    script,
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The oldest commit with the line that declares the format as it is now, whichever file it was in. */
function firstOfFormat(): string | undefined {
  const [line = ''] = /^const FORMAT_VERSION.*$/m.exec(readFileSync(path.join(ROOT, FORMAT), 'utf8')) ?? [];
  if (line === '') throw new Error(`${FORMAT} no longer declares FORMAT_VERSION: no neighbour can be chosen by it.`);
  return git('log', `-S${line}`, '--format=%H', '--', 'relay')
    .split('\n')
    .findLast((commit) => commit !== '');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}
