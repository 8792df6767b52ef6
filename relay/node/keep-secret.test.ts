import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepSecret } from './keep-secret.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('makes a secret once and keeps it in a file that its owner alone can read', () => {
  const file = path.join(folder, 'relay.db.secret');
  const secret = keepSecret(file);
  expect(secret.length).toBeGreaterThanOrEqual(32);
  expect(keepSecret(file)).toBe(secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('replaces a secret that is too short, as after a torn write', () => {
  const file = path.join(folder, 'relay.db.secret');
  writeFileSync(file, 'short');
  expect(keepSecret(file).length).toBeGreaterThanOrEqual(32);
});

it('never writes the secret through a symlink that somebody has planted', () => {
  const file = path.join(folder, 'relay.db.secret');
  const elsewhere = path.join(folder, 'elsewhere');
  symlinkSync(elsewhere, `${file}.new`);
  keepSecret(file);
  expect(existsSync(elsewhere)).toBe(false);
  expect(readFileSync(file, 'utf8').trim()).toBe(keepSecret(file));
});

it('makes another secret each time when there is no file to keep it in', () => {
  expect(keepSecret(undefined)).not.toBe(keepSecret(undefined));
});
