import { findChat } from './chat.ts';
import { startGuide } from './guide.ts';
import { startInspector } from './inspector.ts';
import { createBoard } from './log/board.ts';
import { createLogRecord } from './log/log-record.ts';
import { createLogView } from './log/log-view.ts';
import { installNetwork } from './network.ts';
import { createRelayControls } from './relay-controls.ts';

let isDue = false;

const record = createLogRecord({ onChange: drawSoon, onMoment: (moment) => guide.moment(moment) });
const network = installNetwork(record);
const relay = createRelayControls(network.direct);
const inspector = startInspector({
  relay,
  sessionId: () => record.sessionId,
  isBusy: () => network.isCut || !record.isOpen || inspector.latest?.run != null || findChat()?.status === 'streaming',
  onChange() {
    drawSoon();
    guide.looked();
  },
});
const view = createLogView(find('.rows'), find('.earlier'));
const board = createBoard(find('.log'), { record, inspector, network });
const guide = startGuide(find('.box'), { record, inspector, network, relay });
placeChat();

/** Draws once a frame, however often it is called. */
function drawSoon(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    view.draw(record);
    board.draw();
  });
}

/** Opens the chat beside the page where there is room for it, else puts it into the page. */
function placeChat(): void {
  // The tag is read after this module has run.
  const tag = find('#widget');
  if (matchMedia('(min-width: 800px)').matches) {
    tag.setAttribute('data-open', '');
    return;
  }
  tag.setAttribute('data-mode', 'inline');
  addEventListener('DOMContentLoaded', () => {
    const chat = findChat();
    if (chat) find('.chat-place').append(chat);
  });
}

function find(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
}
