/**
 * `resumable-chat/testing`: the suites that an implementation of one of the relay's ports has to pass, for Vitest. Needs
 * `vitest` and `fast-check` installed beside this package.
 */
export * from './store/testing/index.ts';
export * from './engine/testing/index.ts';
