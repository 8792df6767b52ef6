import { createLazyModule, type LazyModule } from '../lazy/lazy-module.ts';
import { importRetry } from '../lazy/import-retry.ts';
import type { Strings } from './en.ts';

/** A file of this folder: the widget's texts in one language. */
export interface LocaleModule {
  readonly strings: Strings;
}

/** Locales by their language tag in lower case, each loaded when an element asks for it. English is always there. */
export type LocaleRegistry = Readonly<Record<string, LazyModule<LocaleModule>>>;

/** The locales of the widget: one file and one line each. */
export const LOCALES: LocaleRegistry = {
  de: createLazyModule((failures) => importRetry('locale-de', failures) ?? import('./de.ts')),
};

/**
 * The locale for a language tag: the exact one, else that of the language alone (`de` for `de-AT`). Null for English,
 * and for a language that is not there.
 */
export function findLocale(tag: string, locales: LocaleRegistry = LOCALES): LazyModule<LocaleModule> | null {
  const exact = tag.toLowerCase();
  const [language = ''] = exact.split('-', 1);
  return readOwn(locales, exact) ?? readOwn(locales, language);
}

/** A tag comes from an attribute, which may be `constructor`. */
function readOwn(locales: LocaleRegistry, tag: string): LazyModule<LocaleModule> | null {
  return Object.hasOwn(locales, tag) ? (locales[tag] ?? null) : null;
}
