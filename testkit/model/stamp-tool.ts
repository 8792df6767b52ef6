/** The tool that the model calls, as the host application that offers it and the judge of its answers both know it. */
export const STAMP_TOOL = 'stamp';

export interface StampInput {
  /** The number of the model call that asks. */
  call: number;
}

/** What the tool answers: it follows from the input, so that a reply can be judged however often the tool ran. */
export function stamp({ call }: StampInput): { stamped: string } {
  return { stamped: `call ${call}` };
}
