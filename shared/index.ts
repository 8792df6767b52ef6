/** `resumable-chat/protocol`: the wire contract, for other clients. */
export * from './cursor.ts';
export * from './ids.ts';
export * from './problem.ts';
export * from './protocol.ts';
export * from './fold/session.ts';
