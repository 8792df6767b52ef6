/** Marks a chat that came from a script tag, with the address of that script. */
const FROM_SCRIPT = 'from-script';

/**
 * Adds `<resumable-chat>` to the page if the script tag has `data-chat`; its other `data-*` become the element's
 * attributes. The same script twice adds one chat.
 */
export function bootstrap(script: HTMLScriptElement): void {
  if (!script.hasAttribute('data-chat')) return;
  if (document.body) addChat(script);
  else document.addEventListener('DOMContentLoaded', () => addChat(script), { once: true });
}

function addChat(script: HTMLScriptElement): void {
  const placed = [...document.querySelectorAll(`resumable-chat[${FROM_SCRIPT}]`)];
  if (placed.some((chat) => chat.getAttribute(FROM_SCRIPT) === script.src)) return;

  const chat = document.createElement('resumable-chat');
  for (const { name, value } of script.attributes) {
    const attribute = name.startsWith('data-') ? name.slice('data-'.length) : '';
    // A handler would be a script of its own, which is not what a chat's settings are for.
    if (attribute === '' || attribute === 'chat' || attribute.startsWith('on')) continue;
    chat.setAttribute(attribute, value);
  }
  chat.setAttribute(FROM_SCRIPT, script.src);
  if (!chat.hasAttribute('relay') && script.src) chat.setAttribute('relay', new URL(script.src).origin);
  document.body.append(chat);
}
