import { describe, expect, it } from 'vitest';
import { checkOriginRules, isLoopbackHost, isOriginAllowed } from './origins.ts';

const self = 'https://relay.example';

describe('with a list', () => {
  const rules = { allowed: ['https://shop.example', 'http://dev.example:3000'], loopback: false };
  it.each(['https://shop.example', 'http://dev.example:3000'])('allows %s', (origin) => {
    expect(isOriginAllowed(origin, self, rules)).toBe(true);
  });
  it.each([
    'null',
    '',
    'http://shop.example',
    'https://shop.example:443',
    'https://shop.example:8443',
    'https://shop.example/',
    'https://shop.example.evil.example',
    'https://evil-shop.example',
    'https://www.shop.example',
    'https://shop.example, https://evil.example',
    'https://SHOP.example',
    'https://shop.example@evil.example',
    'https://user@shop.example',
    'http://dev.example',
    'http://dev.example:30000',
    self,
    'http://localhost',
    'file://',
    'chrome-extension://abc',
    '*',
  ])('refuses %j', (origin) => {
    expect(isOriginAllowed(origin, self, rules)).toBe(false);
  });
  it('allows null only when it is listed', () => {
    expect(isOriginAllowed('null', self, { allowed: ['null'], loopback: false })).toBe(true);
  });
});

describe('by default', () => {
  it('allows the own origin alone on a public address', () => {
    const rules = { allowed: 'own', loopback: false } as const;
    expect(isOriginAllowed(self, self, rules)).toBe(true);
    for (const origin of ['http://relay.example', 'https://relay.example:444', 'http://localhost:8787', 'null']) {
      expect(isOriginAllowed(origin, self, rules)).toBe(false);
    }
  });
  it('allows any loopback origin on loopback, and no name that only resolves to it', () => {
    const rules = { allowed: 'own', loopback: true } as const;
    for (const origin of [
      'http://localhost:3000',
      'http://127.0.0.1:8787',
      'https://localhost',
      'http://[::1]',
      'http://127.1.2.3',
    ]) {
      expect(isOriginAllowed(origin, 'http://127.0.0.1:8787', rules)).toBe(true);
    }
    const rebound = 'http://rebound.example:8787';
    for (const origin of [
      rebound,
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://evil.localhost.example',
      'http://evillocalhost',
      'http://x.localhost',
      'http://evil.127.0.0.1',
      'null',
    ]) {
      expect(isOriginAllowed(origin, rebound, rules)).toBe(false);
    }
  });
});

it('allows all with a star, but for null, which has to be listed', () => {
  const rules = { allowed: '*', loopback: true } as const;
  expect(['https://any.example', 'http://localhost:3000'].every((origin) => isOriginAllowed(origin, self, rules))).toBe(
    true,
  );
  expect(isOriginAllowed('null', self, rules)).toBe(false);
});

it.each(['https://shop.example/', 'shop.example', 'https://SHOP.example', 'https://a.example,https://b.example', ''])(
  'cannot be given %j in a list, which no browser would send',
  (origin) => {
    expect(() => checkOriginRules({ allowed: ['https://shop.example', origin], loopback: false })).toThrow(origin);
    expect(() => checkOriginRules({ allowed: ['https://shop.example', 'null'], loopback: false })).not.toThrow();
  },
);

it('knows loopback hosts', () => {
  expect(['127.0.0.1', 'localhost', '::1', '127.8.8.8'].every(isLoopbackHost)).toBe(true);
  expect(['0.0.0.0', '::', '10.0.0.1', 'localhost.example'].some(isLoopbackHost)).toBe(false);
});
