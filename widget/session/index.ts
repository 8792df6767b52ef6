/** The framework-free client: `./client` of the package. */
export { createChatSession } from './chat-session.ts';
export { createPageLifecycle } from './page-lifecycle.ts';
export { createCredentialStorage, type CredentialStorageOptions, type StorageKind } from './storage.ts';
export type {
  ChatSession,
  ChatSessionOptions,
  ChatStatus,
  ChatView,
  CredentialStorage,
  Lifecycle,
  LifecycleEvent,
  PendingPrompt,
  SessionCredentials,
  UnsentPrompt,
} from './types.ts';
