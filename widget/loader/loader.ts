/**
 * The script tag's file, `/widget.js`: loads the element, which is an ES module, and adds a chat for a tag with
 * `data-chat`. It is one file without imports and exports, so that it runs in a classic script tag and in a module one.
 */
import { BUILT_FILES } from '../lazy/built-files.ts';
import { createLazyModule, keepLoading } from '../lazy/lazy-module.ts';
import { addChatFor } from './script-tag.ts';

/** Known only while a classic script runs for the first time, and never to a module. */
const { currentScript } = document;
const tag = currentScript instanceof HTMLScriptElement && currentScript.src !== '' ? currentScript : null;

// Browsers hide a classic script's address from its `import()` when it comes from another origin, so the tag tells it.
// A module's own imports begin at its address.
const addressOf = (name: 'element' | 'lit'): string => {
  const file = BUILT_FILES[name] ?? '';
  return tag ? new URL(file, tag.src).href : `./${file}`;
};

const address = addressOf('element');
const element = createLazyModule<unknown>(
  (failures) => import(/* @vite-ignore */ failures === 0 ? address : `${address}?retry=${failures}`),
);

if (tag) addChatFor(tag);
void keepLoading(element);
// The element imports it too: asked for now, it comes at the same time. Its failure is the element's, told there.
import(/* @vite-ignore */ addressOf('lit')).catch(() => undefined);
