import { svg } from 'lit';
import { icon } from './launcher-icons.ts';

export const icons = {
  send: icon(svg`<path d="M10 16V4.5M5 9.2l5-5 5 5"/>`),
  stop: icon(svg`<rect x="5.5" y="5.5" width="9" height="9" rx="1.6" fill="currentColor"/>`),
  close: icon(svg`<path d="M5 5l10 10M15 5 5 15"/>`),
  newChat: icon(svg`<path d="M10 4.5v11M4.5 10h11"/>`),
  save: icon(svg`<path d="M10 3.500v8.500M6.200 8.500 10 12.300l3.800-3.800M4 16.200h12"/>`),
  check: icon(svg`<path d="M4.500 10.500 8.300 14.300 15.500 6"/>`),
};
