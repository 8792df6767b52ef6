import type { ModelPart } from './model-stream.ts';
import { CutTurnError } from './turn-errors.ts';

/**
 * Checks the order of text and reasoning parts, which `streamText` would check and a single call does not: a delta or
 * an end of a part that is not open could not be placed by any reader.
 *
 * @returns a check to call with each part; it throws CutTurnError.
 */
export function createPartOrderCheck(): (part: ModelPart) => void {
  const openTexts = new Set<string>();
  const openReasoning = new Set<string>();

  function mustBeOpen(isOpen: boolean): void {
    if (!isOpen) throw new CutTurnError('The model continued a part that is not open');
  }

  return (part) => {
    switch (part.type) {
      case 'text-start':
        openTexts.add(part.id);
        break;
      case 'text-delta':
        mustBeOpen(openTexts.has(part.id));
        break;
      case 'text-end':
        mustBeOpen(openTexts.delete(part.id));
        break;
      case 'reasoning-start':
        openReasoning.add(part.id);
        break;
      case 'reasoning-delta':
        mustBeOpen(openReasoning.has(part.id));
        break;
      case 'reasoning-end':
        mustBeOpen(openReasoning.delete(part.id));
    }
  };
}
