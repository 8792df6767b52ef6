import * as z from 'zod';
import { DEFAULT_PREFIX } from './keys.ts';

/** KEY_PREFIX: what the names of all keys of a Redis begin with, so that several installations can share it. */
export const keyPrefix = z
  .string()
  .regex(/^[\w.-]{1,32}$/, '1 to 32 letters, digits or any of _ . -')
  .default(DEFAULT_PREFIX);
