import { expect, it } from 'vitest';
import { parseRedisAddress } from './redis-address.ts';

const NOBODY = { username: undefined, password: undefined };

it.each([
  ['redis://localhost', { kind: 'single', hosts: [{ host: 'localhost', port: 6379 }], tls: false, db: 0, ...NOBODY }],
  ['redis://[::1]:7000/3', { kind: 'single', hosts: [{ host: '::1', port: 7000 }], db: 3 }],
  [
    'rediss://chat:p%40ss%3A@db.example:1',
    { tls: true, username: 'chat', password: 'p@ss:', label: 'rediss://db.example:1' },
  ],
  ['redis://:secret@a', { username: undefined, password: 'secret' }],
  [
    'redis-cluster://u:p@a:1,b',
    {
      kind: 'cluster',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      username: 'u',
    },
  ],
  ['redis-cluster://a:1?tls=true', { kind: 'cluster', tls: true }],
  [
    'redis-sentinel://a:1,b/main',
    {
      kind: 'sentinel',
      name: 'main',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
    },
  ],
])('reads %s', (text, address) => {
  expect(parseRedisAddress(text)).toMatchObject(address);
});

it.each([
  '',
  'redis:',
  'redis://',
  'http://a',
  'redis://a:0',
  'redis://a:65536',
  'redis://a,b',
  'redis://a/x',
  'redis://a b',
  'redis-cluster://a/1',
  'redis-sentinel://a',
  'redis://u:%zz@a',
])('refuses %j', (text) => {
  expect(parseRedisAddress(text)).toBeNull();
});
