import { isCompositionKey } from '../field.ts';

/** Puts another prompt into the field when a key asks for one; false when it does not. */
export type PromptRecall = (
  event: KeyboardEvent,
  input: HTMLTextAreaElement,
  prompts: () => readonly string[],
) => boolean;

/** Creates the recall of one field: in an empty field arrow up brings back earlier prompts, arrow down later ones. */
export function createRecall(): PromptRecall {
  /** The recalled prompt: how many back, 1 for the last one, and its text; 0 when none is. */
  let recalled = { back: 0, text: '' };

  return (event, input, readPrompts) => {
    const step = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (step === 0 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || isCompositionKey(event))
      return false;
    // In a text that was typed or changed the arrows move the caret, as they do within a recalled one.
    if (input.value === '') recalled = { back: 0, text: '' };
    if (input.value !== recalled.text || input.selectionStart !== input.value.length) return false;
    const prompts = readPrompts();
    const back = recalled.back + step;
    if (back < 0 || back > prompts.length) return false;
    const text = prompts.at(-back) ?? '';
    recalled = back === 0 ? { back, text: '' } : { back, text };
    input.value = recalled.text;
    input.setSelectionRange(input.value.length, input.value.length);
    return true;
  };
}
