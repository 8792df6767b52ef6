/** The element as the script tag's file loads it. */
import { defineElement } from './define-element.ts';
import { addTaggedChats } from './loader/script-tag.ts';

// Before the definition: whoever waits for it finds the chat on the page.
addTaggedChats(import.meta.url);
defineElement();
