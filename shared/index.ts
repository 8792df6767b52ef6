/** The wire contract, for clients of their own: `resumable-chat/protocol`. */
export * from './cursor.ts';
export * from './ids.ts';
export * from './problem.ts';
export * from './protocol.ts';
export * from './fold/session.ts';
