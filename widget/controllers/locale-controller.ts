import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { keepLoading } from '../lazy/lazy-module.ts';
import { en, type Strings } from '../locales/en.ts';
import { findLocale, LOCALES, type LocaleRegistry } from '../locales/index.ts';

type LocaleHost = ReactiveControllerHost & { readonly lang: string };

/**
 * The texts of its host: those in the language of its `lang`, overridden by the page's own. English until they have been
 * loaded, and where the widget has no others.
 */
export class LocaleController implements ReactiveController {
  readonly #host: LocaleHost;
  readonly #locales: LocaleRegistry;
  #overrides: Partial<Strings> | null = null;
  #locale: Strings = en;
  /** The same object until something changes, so that nothing is drawn again for it. */
  #strings: Strings = en;

  constructor(host: LocaleHost, locales: LocaleRegistry = LOCALES) {
    this.#host = host;
    this.#locales = locales;
    host.addController(this);
  }

  /** The texts in use. */
  get strings(): Strings {
    const locale = findLocale(this.#host.lang, this.#locales)?.current?.strings ?? en;
    if (locale !== this.#locale) this.#merge(locale);
    return this.#strings;
  }

  /** The language of the texts: as the host says for texts of the page's own, else that of the locale. */
  get language(): string {
    return (this.#overrides && this.#host.lang) || this.strings.language;
  }

  /** Sets texts that go before those of the locale; null for none. */
  override(strings: Partial<Strings> | null): void {
    this.#overrides = strings;
    this.#merge(this.#locale);
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const locale = findLocale(this.#host.lang, this.#locales);
    if (locale && !locale.current) void keepLoading(locale).then(() => this.#host.requestUpdate());
  }

  #merge(locale: Strings): void {
    this.#locale = locale;
    this.#strings = { ...locale, ...this.#overrides };
  }
}
