import type { CSSResult } from 'lit';
import { composer } from './composer.ts';
import { content } from './content.ts';
import { messages } from './messages.ts';
import { panel } from './panel.ts';
import { root } from './root.ts';

export const styles: CSSResult[] = [root, panel, messages, content, composer];
