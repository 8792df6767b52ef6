import { globSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLazyModule } from '../lazy/lazy-module.ts';
import { en } from './en.ts';
import { findLocale, LOCALES, type LocaleModule, type LocaleRegistry } from './index.ts';

const placeholders = (text: unknown): string[] => (JSON.stringify(text).match(/\{\w+\}/g) ?? []).toSorted();

async function read(tag: string): Promise<LocaleModule['strings']> {
  const locale = LOCALES[tag];
  if (!locale) throw new Error(`${tag} is not registered`);
  return (await locale.load()).strings;
}

describe('the registry of locales', () => {
  it('has each file of its folder, by the name of its language', async () => {
    const files = globSync('*.ts', { cwd: import.meta.dirname })
      .map((file) => path.basename(file, '.ts'))
      .filter((name) => !['en', 'index'].includes(name) && !name.endsWith('.test'));
    expect(Object.keys(LOCALES).toSorted()).toEqual(files.toSorted());
    for (const tag of files) {
      const strings = await read(tag);
      expect(strings.language.toLowerCase()).toBe(tag);
    }
  });

  it.each(Object.keys(LOCALES))('%s has every text, each with the values of the English one', async (tag) => {
    const strings = await read(tag);
    expect(Object.keys(strings).toSorted()).toEqual(Object.keys(en).toSorted());
    for (const [name, text] of Object.entries(strings)) {
      expect(text, name).not.toBe('');
      expect([name, [...new Set(placeholders(text))]]).toEqual([name, placeholders(en[name as keyof typeof en])]);
    }
  });
});

describe('the locale of a language tag', () => {
  const entry = (): LocaleRegistry[string] => createLazyModule(() => Promise.resolve({ strings: en }));
  const locales: LocaleRegistry = { pt: entry(), 'pt-br': entry() };

  it('is the exact one, else that of the language alone', () => {
    expect(findLocale('pt-BR', locales)).toBe(locales['pt-br']);
    expect(findLocale('pt-PT', locales)).toBe(locales['pt']);
    expect(findLocale('PT', locales)).toBe(locales['pt']);
  });

  it('is none for English, for a language that is not there, and for what is no tag', () => {
    for (const tag of ['en', 'en-GB', 'fr', '', '-', 'constructor', '__proto__'])
      expect([tag, findLocale(tag, locales)]).toEqual([tag, null]);
  });
});
