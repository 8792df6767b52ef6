import type { CSSResult } from 'lit';
import { composer } from './composer.ts';
import { content } from './content.ts';
import { messages } from './messages.ts';
import { panel } from './panel.ts';

/** What the panel needs beyond what the element itself has, but for what is drawn later. */
export const panelStyles: readonly CSSResult[] = [panel, messages, content, composer];
