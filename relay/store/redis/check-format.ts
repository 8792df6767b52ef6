import { StoreOpenError } from '../store-error.ts';

/** Of the keys and what stands in them. A release that changes it says here which versions it can still read. */
const FORMAT_VERSION = '2';

/**
 * Was what stands in the store written in a format that this release knows? Writes the version where there is none yet.
 *
 * @throws StoreOpenError when it was not; what `read` and `write` throw.
 */
export async function checkFormat(
  label: string,
  {
    read,
    write,
    isFull,
  }: { read(): Promise<string | null>; write(version: string): Promise<void>; isFull(error: unknown): boolean },
): Promise<void> {
  const version = (await read()) ?? (await begin());
  if (version === FORMAT_VERSION) return;
  throw new StoreOpenError(
    `The store ${label} was written by another release of this relay (version ${version} of its format, this release knows ` +
      `${FORMAT_VERSION}): start that release, or choose another KEY_PREFIX.`,
  );

  /** Only if nobody else does: relays may start together. */
  async function begin(): Promise<string> {
    try {
      await write(FORMAT_VERSION);
      return (await read()) ?? FORMAT_VERSION;
    } catch (error) {
      // A full server holds nothing of ours yet, and takes nothing: the next start writes it.
      if (isFull(error)) return FORMAT_VERSION;
      throw error;
    }
  }
}
