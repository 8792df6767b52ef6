import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

export interface Program {
  /** What people call it. */
  title: string;
  /** The names it may have on PATH, the best first. */
  names: readonly string[];
  /** Where it may be besides the folders of PATH. */
  folders?: readonly string[];
  /** Debian's package. */
  debianPackage: string;
  /** The environment variable that names the program itself, where there is one. */
  variable?: string;
}

/** Where a program is: as its variable says, else the first of its names on PATH, else null. */
export function findProgram(
  { names, variable, folders = [] }: Program,
  env: NodeJS.ProcessEnv = process.env,
): string | null {
  const named = variable === undefined ? undefined : env[variable];
  if (named) return named;
  for (const name of names) {
    for (const folder of [...(env['PATH'] ?? '').split(path.delimiter), ...folders]) {
      const candidate = path.join(folder, name);
      if (folder !== '' && isExecutable(candidate)) return candidate;
    }
  }
  return null;
}

/**
 * A program to test with, installed by apt-get when there is none, this is root and there is an apt-get.
 *
 * @throws Error with one sentence that says what to do, when there is no way to get one.
 */
export function ensureProgram(program: Program): string {
  const { title, debianPackage, variable } = program;
  const orSet = variable === undefined ? '' : ` or set ${variable} to it`;
  const found = findProgram(program);
  if (found !== null) {
    if (isExecutable(found)) return found;
    throw new Error(`${variable} names ${found}, which is no program that can be run.`);
  }
  if (process.getuid?.() !== 0 || !hasAptGet()) {
    throw new Error(`No ${title} was found: install one (Debian: apt-get install ${debianPackage})${orSet}.`);
  }
  console.log(`No ${title} was found: installing it with apt-get.`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const steps = [['update'], ['install', '--yes', '--no-install-recommends', debianPackage]];
  for (const args of steps) {
    const { status } = spawnSync('apt-get', ['-qq', ...args], { stdio: 'inherit', env });
    if (status !== 0) throw new Error(`apt-get ${args[0]} failed: install ${title} by hand${orSet}.`);
  }
  const installed = findProgram(program);
  if (installed === null) throw new Error(`apt-get installed ${debianPackage}, but no ${title} is on PATH${orSet}.`);
  return installed;
}

function hasAptGet(): boolean {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}
