/** Marks a chat that was added for a script tag, with the address of that script. */
const FROM_SCRIPT = 'from-script';

/**
 * Adds `<resumable-chat>` to the page if the script tag has `data-chat`; the tag's other `data-*` become the element's
 * attributes. The same script twice, in whatever version, adds one chat.
 */
export function addChatFor(script: HTMLScriptElement): void {
  if (!script.hasAttribute('data-chat')) return;
  // A script in the head runs before there is a body.
  if (document.body) addChat(script);
  else document.addEventListener('DOMContentLoaded', () => addChat(script), { once: true });
}

function addChat(script: HTMLScriptElement): void {
  const { origin, pathname } = new URL(script.src);
  const address = origin + pathname;
  const present = [...document.querySelectorAll(`resumable-chat[${FROM_SCRIPT}]`)];
  if (present.some((chat) => chat.getAttribute(FROM_SCRIPT) === address)) return;

  const chat = document.createElement('resumable-chat');
  for (const { name, value } of script.attributes) {
    const attribute = name.startsWith('data-') ? name.slice('data-'.length) : '';
    // An event handler would be a script of its own, which is not what a chat's settings are for.
    if (attribute === '' || attribute === 'chat' || attribute.startsWith('on')) continue;
    chat.setAttribute(attribute, value);
  }
  chat.setAttribute(FROM_SCRIPT, address);
  if (!chat.hasAttribute('relay')) chat.setAttribute('relay', origin);
  document.body.append(chat);
  followBody(chat, address);
}

/**
 * Moves the chat along when the page's body is replaced, as libraries for navigation without a reload do: the same
 * element, so that its answer goes on. A chat that the page itself has removed stays away.
 */
function followBody(chat: Element, address: string): void {
  new MutationObserver((records) => {
    const { body } = document;
    const wasTaken = records.some(({ removedNodes }) => [...removedNodes].some((node) => node.contains(chat)));
    if (!body || chat.isConnected || !wasTaken) return;
    // A page that was kept for the way back has a copy of the chat in it.
    const copies = [...body.querySelectorAll(`resumable-chat[${FROM_SCRIPT}]`)];
    for (const copy of copies) if (copy.getAttribute(FROM_SCRIPT) === address) copy.remove();
    body.append(chat);
  }).observe(document.documentElement, { childList: true });
}

/**
 * Adds the chats of module scripts in the folder of `file`. A module cannot ask for its own tag as a classic script can,
 * which adds its chat itself.
 */
export function addTaggedChats(file: string): void {
  const folder = folderOf(file);
  for (const tag of document.querySelectorAll<HTMLScriptElement>('script[type="module"][data-chat][src]'))
    if (folderOf(tag.src) === folder) addChatFor(tag);
}

function folderOf(address: string): string {
  return new URL('.', address).href;
}
