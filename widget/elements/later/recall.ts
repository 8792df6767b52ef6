/** Puts another prompt into the field when the key asks for one; false when it does not. */
export type PromptRecall = (
  event: KeyboardEvent,
  input: HTMLTextAreaElement,
  prompts: () => readonly string[],
) => boolean;

/** For one field: arrow up, while it is empty, brings back earlier prompts, arrow down later ones, as in a shell. */
export function createRecall(): PromptRecall {
  /** The earlier prompt on view: how far back, 1 for the last one, and its text; 0 for none. */
  let recalled = { back: 0, text: '' };

  return (event, input, readPrompts) => {
    const step = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
    if (step === 0 || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing)
      return false;
    // What was typed, or changed, is the visitor's: there the arrows move the caret, as they do within a recalled text.
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
