import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** A program of the system that the tests run. */
export interface Program {
  /** What people call it. */
  title: string;
  /** Its names on PATH, the preferred one first. */
  names: readonly string[];
  /** Folders to look in besides those of PATH. */
  folders?: readonly string[];
  /** The Debian and Ubuntu package. */
  debianPackage: string;
  /** The environment variable that names the executable, where there is one. */
  variable?: string;
  /** The oldest major version that will do, as `--version` prints it after `v=`. */
  oldestMajor?: number;
}

/** Installs Debian packages. */
export type Installer = (packages: readonly string[]) => void;

export interface EnsureOptions {
  env?: NodeJS.ProcessEnv;
  /** What installs missing packages; null: nothing may. By default apt-get, where `findInstaller` allows it. */
  install?: Installer | null;
}

/** Where a program is: what its variable names, else the first of its names on PATH, else null. */
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
 * The executables of these programs, in their order. Missing ones are installed where that is allowed, all at once.
 *
 * @throws Error with one sentence that names every missing package, or the executable that cannot be used.
 */
export function ensurePrograms(programs: readonly Program[], options: EnsureOptions = {}): string[] {
  const { env = process.env, install = findInstaller(env) } = options;
  const missing = programs.filter((program) => findProgram(program, env) === null);
  if (missing.length > 0) {
    if (!install) throw new Error(describeMissing(missing));
    install(missing.map(({ debianPackage }) => debianPackage));
  }
  return programs.map((program) => checkProgram(program, env));
}

function describeMissing(missing: readonly Program[]): string {
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  const variables = missing.flatMap(({ variable }) => (variable === undefined ? [] : [variable]));
  const orSet = variables.length === 0 ? '' : `, or set ${variables.join(' and ')} to the executable`;
  return `The tests need ${list(missing)}, not found on PATH: install them (Debian, Ubuntu: sudo apt-get install ${packages})${orSet}.`;
}

function list(programs: readonly Program[]): string {
  return programs
    .map(({ title, oldestMajor }) => (oldestMajor ? `${title} ${oldestMajor} or newer` : title))
    .join(', ');
}

/** @throws Error when the program is still missing, cannot be run, or is too old. */
function checkProgram(program: Program, env: NodeJS.ProcessEnv): string {
  const { title, variable, debianPackage, oldestMajor } = program;
  const found = findProgram(program, env);
  if (found === null) throw new Error(`${debianPackage} was installed, but ${title} is not on PATH.`);
  if (!isExecutable(found)) throw new Error(`${variable} names ${found}, which is not an executable file.`);
  if (oldestMajor === undefined) return found;
  const { stdout } = spawnSync(found, ['--version'], { encoding: 'utf8' });
  const version = /\bv=(\d+)[\d.]*/.exec(stdout);
  if (!version) throw new Error(`${found} does not say its version: the tests need ${list([program])}.`);
  if (Number(version[1]) < oldestMajor)
    throw new Error(`${found} is ${version[0].slice(2)}, but the tests need ${list([program])}.`);
  return found;
}

/**
 * apt-get, where installing is no surprise: as root, and on CI, there by `sudo` if need be. Null everywhere else:
 * nobody's machine is changed without being asked.
 */
export function findInstaller(env: NodeJS.ProcessEnv, uid = process.getuid?.()): Installer | null {
  const isRoot = uid === 0;
  if (!isRoot && !env['CI']) return null;
  const command = isRoot ? ['apt-get'] : ['sudo', '-n', 'apt-get'];
  if (run([...command, '--version'], 'ignore') !== 0) return null;
  return (packages) => {
    console.log(`Installing with apt-get ${isRoot ? 'as root' : 'on CI'}, for the tests: ${packages.join(', ')}.`);
    for (const args of [['update'], ['install', '--yes', '--no-install-recommends', ...packages]]) {
      if (run([...command, '-qq', ...args], 'inherit') !== 0)
        throw new Error(`apt-get ${args[0]} failed: install ${packages.join(', ')} by hand.`);
    }
  };
}

function run([program = '', ...args]: string[], stdio: 'ignore' | 'inherit'): number | null {
  return spawnSync(program, args, { stdio, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }).status;
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
