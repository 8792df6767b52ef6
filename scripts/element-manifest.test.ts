import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeElementManifest, type ElementDeclaration, type ElementManifest } from './element-manifest.ts';
import { ROOT } from './ensure-build.ts';

const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const sources = globSync('widget/**/*.ts', {
  cwd: ROOT,
  exclude: ['**/*.test.ts', '**/testing/**', 'widget/session/**'],
});
const source = sources.map(read).join('\n');
const docs = read('docs/element.md');

/** What a pattern finds in the widget's sources; a group may hold several names. */
function used(pattern: RegExp): string[] {
  const names = [...source.matchAll(pattern)].flatMap(([, group]) => (group ?? '').split(/\s+/));
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}
const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name).toSorted();

let element: ElementDeclaration;
let modules: ElementManifest['modules'];

beforeAll(async () => {
  ({ modules } = await makeElementManifest());
  const [declaration] = modules.flatMap(({ declarations }) => declarations);
  if (!declaration) throw new Error('the manifest declares nothing');
  element = declaration;
});

describe('the manifest of the element', () => {
  it('says where the class is and where it is defined, as the package has it', () => {
    const { exports, customElements, files } = JSON.parse(read('package.json')) as {
      exports: Record<string, { default: string }>;
      customElements: string;
      files: string[];
    };
    expect(element.tagName).toBe('resumable-chat');
    expect(modules.map((module) => `./${module.path}`)).toEqual([exports['./element']?.default, exports['.']?.default]);
    expect(files).toContain(customElements.split('/')[0]);
  });

  it('has the attributes that the element observes, with the words they may be', () => {
    const own = [
      ...(/static override properties = \{([^]*?)\n {2}\};/.exec(source)?.[1] ?? '').matchAll(/^ {4}(\w+): \{(.*)\}/gm),
    ]
      .filter(([, , options]) => !options?.includes('state: true'))
      .map(([, name, options]) => /attribute: '([\w-]+)'/.exec(options ?? '')?.[1] ?? name ?? '');
    expect(names(element.attributes)).toEqual([...own, 'dir', 'lang'].toSorted());
    for (const { name, description } of element.attributes) expect(description, name).toBeTruthy();
    const types = Object.fromEntries(element.attributes.map(({ name, type }) => [name, type?.text]));
    expect(types).toMatchObject({
      mode: "'floating' | 'inline'",
      theme: "'auto' | 'light' | 'dark'",
      position: "'bottom-right' | 'bottom-left' | 'top-right' | 'top-left'",
      storage: "'local' | 'session' | 'none'",
    });
  });

  it('has the events that are fired', () => {
    expect(names(element.events)).toEqual(
      used(/#emit\([^)]*?'(rc-\w+)'/g)
        .concat(['rc-close'])
        .toSorted(),
    );
  });

  it('has the slots that are drawn', () => {
    expect(names(element.slots)).toEqual(used(/<slot name="([\w-]+)"/g));
  });

  it('has the parts that are drawn, and no others; the docs have the same', () => {
    const attributes = used(/\bpart="([\w -]+)"/g);
    const elsewhere = used(/(?:'part', |\bpart[:=] ?(?:\$\{busy \? )?)'([\w -]+)'/g);
    const drawn = new Set([...attributes, ...elsewhere]);
    for (const part of drawn) expect(names(element.cssParts)).toContain(part);
    // Some are put together from variables: they stand as a word of their own in some text.
    const code = source.replaceAll(/\/\*\*[^]*?\*\//g, '');
    const texts = ['up', 'down'].map((rating) => code.replaceAll('${own}', rating)).join('\n');
    const isDrawn = (part: string): boolean => new RegExp(`['"\`\\s]${part}['"\`\\s]`).test(texts);
    expect(names(element.cssParts).filter((part) => !isDrawn(part))).toEqual([]);
    const documented = /Parts, for `[^`]+`: `([^`]+)`/.exec(docs)?.[1]?.split(' ') ?? [];
    expect(documented.toSorted()).toEqual(names(element.cssParts));
  });

  it('has the custom properties that are read; the docs have the same', () => {
    expect(names(element.cssProperties)).toEqual(used(/var\((--rc-[\w-]+)/g));
    for (const { name } of element.cssProperties) expect(docs).toContain(`\`${name}\``);
  });

  it('has the methods and properties of the docs, and nothing private', () => {
    const table = docs.slice(docs.indexOf('## Methods and properties'), docs.indexOf('## Events'));
    const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`(\w+)/g)].map(([, name]) => name ?? ''),
    );
    const members = names(element.members);
    for (const name of documented) expect(members).toContain(name);
    const fields = element.attributes.map(({ fieldName }) => fieldName);
    expect(members.filter((name) => !documented.includes(name) && !fields.includes(name))).toEqual([]);
  });
});
