import type { CSSResult } from 'lit';
import { actions } from './actions.ts';
import { composer } from './composer.ts';
import { content } from './content.ts';
import { messages } from './messages.ts';
import { panel } from './panel.ts';

/** All that the panel needs beyond what the element itself has. */
export const panelStyles: readonly CSSResult[] = [panel, messages, content, composer, actions];
