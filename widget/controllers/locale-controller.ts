import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { keepLoading } from '../lazy/lazy-module.ts';
import { en, type Strings } from '../locales/en.ts';
import { findLocale, LOCALES, type LocaleRegistry } from '../locales/index.ts';

/** The texts in the language of its host's `lang`: English until they have been loaded, and where there are no others. */
export class LocaleController implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly lang: string };
  readonly #locales: LocaleRegistry;

  constructor(host: ReactiveControllerHost & { readonly lang: string }, locales: LocaleRegistry = LOCALES) {
    this.#host = host;
    this.#locales = locales;
    host.addController(this);
  }

  get strings(): Strings {
    return findLocale(this.#host.lang, this.#locales)?.current?.strings ?? en;
  }

  hostUpdate(): void {
    const locale = findLocale(this.#host.lang, this.#locales);
    if (locale && !locale.current) void keepLoading(locale).then(() => this.#host.requestUpdate());
  }
}
