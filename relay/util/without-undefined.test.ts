import { expect, it } from 'vitest';
import { withoutUndefined } from './without-undefined.ts';

it('leaves out undefined fields, so that defaults are not overridden, and keeps all others', () => {
  const given = { a: undefined, b: null, c: 0, d: '', e: false };
  expect(Object.keys(withoutUndefined(given))).toEqual(['b', 'c', 'd', 'e']);
  expect({ ...{ a: 1 }, ...withoutUndefined(given) }).toMatchObject({ a: 1 });
});
