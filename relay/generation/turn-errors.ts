/** A model turn failed: `cause` is why, and `hasOutput` whether the visitor has got anything of it. */
export class ModelTurnError extends Error {
  override name = 'ModelTurnError';
  readonly hasOutput: boolean;

  constructor(cause: unknown, hasOutput: boolean) {
    super('The model turn failed', { cause });
    this.hasOutput = hasOutput;
  }
}

/** The turn ended in order, but without any output. */
export class EmptyTurnError extends Error {
  override name = 'EmptyTurnError';
  readonly finishReason: string;

  constructor(finishReason: string) {
    super(`The model's answer is empty (finish reason: ${finishReason})`);
    this.finishReason = finishReason;
  }
}

/** The provider's stream ended without a finish part, or its parts contradict each other. */
export class CutTurnError extends Error {
  override name = 'CutTurnError';
}

/** The answer is beyond a bound that no real answer comes near. `bound` is what a sentence about the answer says. */
export class AnswerBoundError extends Error {
  override name = 'AnswerBoundError';
  readonly bound: string;

  constructor(bound: string) {
    super(`The model's answer is refused: ${bound}`);
    this.bound = bound;
  }
}
