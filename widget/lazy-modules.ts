import { createLazyModule } from './lazy/lazy-module.ts';
import { importRetry } from './lazy/import-retry.ts';

type ClientModule = typeof import('./client.ts');
type PanelModule = typeof import('./panel/index.ts');

/** Talks to the relay. Shared by all chats of the page, as the panel is. */
export const clientModule = createLazyModule<ClientModule>(
  (failures) => importRetry<ClientModule>('client', failures) ?? import('./client.ts'),
);

/** Draws the conversation. */
export const panelModule = createLazyModule<PanelModule>(
  (failures) => importRetry<PanelModule>('panel', failures) ?? import('./panel/index.ts'),
);
