import { svg } from 'lit';
import { icon } from '../launcher-icons.ts';

export const laterIcons = {
  down: icon(svg`<path d="M10 4v11.5M5 10.8l5 5 5-5"/>`),
  retry: icon(svg`<path d="M15.5 10a5.5 5.5 0 1 1-1.7-4M15.6 3.2v3.4h-3.4"/>`),
  copy: icon(
    svg`<rect x="7" y="7" width="9.500" height="9.500" rx="2"/><path d="M4.500 12.500a1 1 0 0 1-1-1v-6a2 2 0 0 1 2-2h6a1 1 0 0 1 1 1"/>`,
  ),
  edit: icon(
    svg`<path d="M4 16l.7-3.300L13 4.400a1.600 1.600 0 0 1 2.300 0l.3.3a1.600 1.600 0 0 1 0 2.300l-8.300 8.300L4 16z"/>`,
  ),
  thumbUp: icon(
    svg`<path d="M6.500 9 9.700 3.300c1.300 0 2 .9 1.800 2.100L11 8h3.900c1 0 1.700.9 1.500 1.900l-.9 4.700a2 2 0 0 1-2 1.600H6.500zM6.500 9H4v7.200h2.500z"/>`,
  ),
  thumbDown: icon(
    svg`<path d="M13.500 11l-3.200 5.700c-1.300 0-2-.9-1.800-2.100L9 12H5.100c-1 0-1.700-.9-1.500-1.900l.9-4.700a2 2 0 0 1 2-1.600h7zM13.500 11H16V3.800h-2.500z"/>`,
  ),
};
