import { svg } from 'lit';
import { icon } from './launcher-icons.ts';

export const icons = {
  send: icon(svg`<path d="M10 16V4.5M5 9.2l5-5 5 5"/>`),
  stop: icon(svg`<rect x="5.5" y="5.5" width="9" height="9" rx="1.6" fill="currentColor"/>`),
  close: icon(svg`<path d="M5 5l10 10M15 5 5 15"/>`),
  newChat: icon(svg`<path d="M10 4.5v11M4.5 10h11"/>`),
  down: icon(svg`<path d="M10 4v11.5M5 10.8l5 5 5-5"/>`),
  retry: icon(svg`<path d="M15.5 10a5.5 5.5 0 1 1-1.7-4M15.6 3.2v3.4h-3.4"/>`),
  copy: icon(svg`<rect x="7" y="7" width="9.500" height="9.500" rx="2"/><path d="M4.500 12.500a1 1 0 0 1-1-1v-6a2 2 0 0 1 2-2h6a1 1 0 0 1 1 1"/>`),
  edit: icon(svg`<path d="M4 16l.7-3.300L13 4.400a1.600 1.600 0 0 1 2.300 0l.3.3a1.600 1.600 0 0 1 0 2.300l-8.300 8.300L4 16z"/>`),
  check: icon(svg`<path d="M4.500 10.500 8.300 14.300 15.500 6"/>`),
};
