/**
 * Describes `<resumable-chat>` for editors and other tools: attributes, events, parts and the rest in the common format
 * (https://custom-elements-manifest.open-wc.org), read from the class and its documentation.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cli } from '@custom-elements-manifest/analyzer/cli.js';
import { ROOT } from './ensure-build.ts';

const CLASS_FILE = 'widget/resumable-chat.ts';
const TAG = 'resumable-chat';

interface Named {
  name: string;
  description?: string;
  type?: { text: string };
}
interface Attribute extends Named {
  fieldName?: string;
}
interface Member extends Named {
  kind: 'field' | 'method';
  privacy?: 'public' | 'protected' | 'private';
}
/** An element, as the manifest describes it. */
export interface ElementDeclaration extends Named {
  tagName?: string;
  members: Member[];
  attributes: Attribute[];
  events: Named[];
  slots: Named[];
  cssParts: Named[];
  cssProperties: Named[];
}
interface Module {
  path: string;
  declarations: ElementDeclaration[];
  exports: object[];
}
/** A manifest, as far as it is used here. */
export interface ElementManifest {
  modules: Module[];
}

/**
 * Makes the manifest of the element from its source.
 *
 * @throws Error when the analyzer fails or finds no class.
 */
export async function makeElementManifest(): Promise<ElementManifest> {
  const manifest = await analyze();
  const [module] = manifest.modules;
  const declaration = module?.declarations[0];
  if (!module || !declaration) throw new Error(`${CLASS_FILE} declares no element`);
  const source = readFileSync(path.join(ROOT, CLASS_FILE), 'utf8');

  const target = 'dist/package/widget/resumable-chat.js';
  const reference = { name: declaration.name, module: target };
  const own = declaration.members.filter(
    ({ name, privacy }) => !name.startsWith('#') && (privacy ?? 'public') === 'public',
  );
  Object.assign(declaration, {
    tagName: TAG,
    // `onlySession` holds the attribute `session-id`; pages set `sessionId`.
    members: own.filter(({ name }) => name !== 'onlySession').map(spellOut),
    attributes: declaration.attributes
      .filter(
        ({ name, fieldName }) =>
          fieldName === undefined || name === 'session-id' || own.some((member) => member.name === fieldName),
      )
      .map((attribute) =>
        spellOut(attribute.name === 'session-id' ? { ...attribute, fieldName: 'sessionId' } : attribute),
      ),
    // `#emit` is not an event.
    events: declaration.events
      .filter(({ name }) => name.startsWith('rc-'))
      .map((event) => ({ type: { text: 'CustomEvent' }, ...event })),
    // The source has several on one line, which the analyzer takes for one.
    cssParts: [...source.matchAll(/@csspart ([\w-]+)/g)].map(([, name]) => ({ name: name ?? '' })),
  });
  return {
    ...manifest,
    modules: [
      { ...module, path: target, exports: [{ kind: 'js', name: declaration.name, declaration: reference }] },
      {
        path: 'dist/package/widget/index.js',
        declarations: [],
        exports: [{ kind: 'custom-element-definition', name: TAG, declaration: reference }],
      },
    ],
  };
}

async function analyze(): Promise<ElementManifest> {
  // Nothing is written: `--outdir` is only compared with package.json.
  const argv = ['analyze', '--litelement', '--globs', CLASS_FILE, '--outdir', 'dist', '--quiet'];
  return (await cli({ argv, cwd: ROOT, noWrite: true })) as ElementManifest;
}

/** The words of types that are a choice of words, which editors offer. */
const CHOICES = Object.fromEntries(
  [CLASS_FILE, 'widget/session/storage.ts', 'widget/session/types.ts'].flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(/export type (\w+) = ((?:\s*\|?\s*'[\w-]+')+);/g)].map(
      ([, name, words]) => [name ?? '', (words ?? '').trim()],
    ),
  ),
);

function spellOut<Thing extends Named>(thing: Thing): Thing {
  const words = CHOICES[thing.type?.text ?? ''];
  return words === undefined ? thing : { ...thing, type: { text: words } };
}
