import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../../scripts/ensure-build.ts';

/** Another version of the relay, in a folder of its own. */
export interface Neighbour {
  /** What it is called: a tag, or the beginning of a commit's name. */
  readonly version: string;
  /** Its relay's command. */
  readonly script: string;
  dispose(): void;
}

/** Says in which format the keys of a shared store are. */
const FORMAT = 'relay/store/redis/check-format.ts';

/**
 * The last release; before there is one, the first version that wrote the keys in the format of this one, which is
 * further away than any neighbour. Its source is taken from the history, and runs on the packages that are installed here.
 *
 * @throws Error when there is no history: in a copy without `.git`, or one that was cut short.
 */
export function openNeighbour(): Neighbour {
  const ref = git('tag', '--list', 'v*', '--sort=-version:refname').split('\n')[0] || firstOfFormat();
  if (!ref)
    throw new Error('The history is needed here, for an earlier version to run beside this one: clone it whole.');
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-neighbour-'));
  const archive = path.join(folder, 'source.tar');
  git('archive', '--output', archive, ref, 'relay', 'shared', 'package.json');
  mkdirSync(path.join(folder, 'source'));
  execFileSync('tar', ['-xf', archive, '-C', path.join(folder, 'source')]);
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'source', 'node_modules'));
  return {
    version: ref.startsWith('v') ? ref : ref.slice(0, 7),
    script: path.join(folder, 'source', 'relay', 'main.ts'),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The oldest that has the line which names the format, as it stands here. */
function firstOfFormat(): string | undefined {
  const [line = ''] = /^const FORMAT_VERSION.*$/m.exec(readFileSync(path.join(ROOT, FORMAT), 'utf8')) ?? [];
  return git('log', `-S${line}`, '--format=%H', '--', FORMAT)
    .split('\n')
    .findLast((commit) => commit !== '');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}
