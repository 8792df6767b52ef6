import { StoreOpenError } from '../store-error.ts';

/** Version of the keys and their content. A release that changes it states here which versions it can still read. */
const FORMAT_VERSION = '2';

/**
 * Checks that the store's content has a format that this release knows. Writes the version to a store that has none.
 *
 * @throws StoreOpenError when the format is another one; what `read` and `write` throw.
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

  /** `write` keeps a version that another relay has written meanwhile: relays may start together. */
  async function begin(): Promise<string> {
    try {
      await write(FORMAT_VERSION);
      return (await read()) ?? FORMAT_VERSION;
    } catch (error) {
      // A full server without a version holds nothing of ours: the next start writes the version.
      if (isFull(error)) return FORMAT_VERSION;
      throw error;
    }
  }
}
