import type { Plugin } from 'vite';

/**
 * Parts of markdown-it that nothing here comes to, by the regions that its build leaves in the file. Only `block`,
 * `inline` and `utils.unescapeAll` are used: no rendering to HTML, no raw HTML, no typography.
 */
const UNUSED = [
  ...[
    'common/html_blocks',
    'common/html_re',
    'helpers/index',
    'index',
    'parser_core',
    'renderer',
    'rules_block/html_block',
  ],
  ...['rules_core/block', 'rules_core/inline', 'rules_core/linkify', 'rules_core/normalize', 'rules_core/replacements'],
  ...['rules_core/smartquotes', 'rules_core/state_core', 'rules_core/strip_references', 'rules_core/text_join'],
  ...['rules_inline/html_inline', 'rules_inline/linkify'],
].map((name) => `src/${name}.ts`);

/** Rules that go into the part for rarer marks (widget/markdown/rare-rules.ts). */
const RARE = [
  ...[
    'rules_block/blockquote',
    'rules_block/reference',
    'rules_block/table',
    'rules_inline/autolink',
    'rules_inline/entity',
  ],
  ...['rules_inline/image', 'rules_inline/strikethrough'],
].map((name) => `src/${name}.ts`);

/** Of the utilities, what is for rarer marks too. */
const RARE_UTILITIES = ['isValidEntityCode', 'DIGITAL_ENTITY_TEST_RE', 'replaceEntityPattern'];

/**
 * What markdown-it imports and this widget does without: browsers know punctuation and international names, addresses
 * are found by widget/markdown/autolink.ts and encoded by parser.ts, names of characters are entities.ts's.
 */
const IMPORTS = ['* as mdurl', '* as ucmicro', '{ decodeHTMLStrict }', '{ LinkifyIt }', 'punycode'];

/** Stands in for what was taken out, in the part that is always loaded. */
const STAND_INS = String.raw`
var ucmicro = { P: /\p{P}/u, S: /\p{S}/u };
var never = () => false;
var table = never, blockquote = never, reference = never, html_block = never;
var linkify = never, image = never, autolink = never, html_inline = never, entity = never;
var strikethrough_default = { tokenize: never, postProcess: never };
var replaceEntityPattern = (match) => match;
function decodeEntitiesBy(decode) { replaceEntityPattern = decode; }
`;

/** How the rarer rules take the places of their stand-ins. */
const INSTALL = `
export function addLeftOutRules({ block, inline }) {
  const alt = ["paragraph", "reference", "blockquote", "list"];
  block.ruler.at("table", table, { alt: alt.slice(0, 2) });
  block.ruler.at("blockquote", blockquote, { alt });
  block.ruler.at("reference", reference);
  for (const [name, rule] of Object.entries({ image, autolink, entity, strikethrough: strikethrough_default.tokenize })) inline.ruler.at(name, rule);
  inline.ruler2.at("strikethrough", strikethrough_default.postProcess);
  decodeEntitiesBy(replaceEntityPattern);
}
`;

/** The same rules in the same order, without switching them on and off. */
const RULER = `var Ruler = class {
  rules = [];
  chains = {};
  at(name, fn, { alt = [] } = {}) {
    const rule = this.rules.find((rule) => rule.name === name);
    rule.fn = fn;
    rule.alt = alt;
    this.chains = {};
  }
  before(other, name, fn, { alt = [] } = {}) {
    this.rules.splice(this.rules.findIndex((rule) => rule.name === other), 0, { name, fn, alt });
    this.chains = {};
  }
  push(name, fn, { alt = [] } = {}) {
    this.rules.push({ name, fn, alt });
  }
  getRules(chain) {
    return (this.chains[chain] ??= this.rules.filter(({ alt }) => !chain || alt.includes(chain)).map(({ fn }) => fn));
  }
};
`;

/** Functions that say the same in fewer words: lists of characters as expressions. */
const SHORTER: Readonly<Record<string, string>> = {
  // Each of them is one of `isPunctCharCode` too, which is always asked besides.
  isMdAsciiPunct: 'var isMdAsciiPunct = () => false;',
  isWhiteSpace: String.raw`var isWhiteSpace = (code) => /[\t-\r\p{Zs}]/u.test(fromCodePoint(code));`,
  isSpace: 'var isSpace = (code) => code === 9 || code === 32;',
  fromCodePoint: 'var fromCodePoint = String.fromCodePoint;',
};

/** Looks for the next character that may be a mark, as the rule it stands in for does one by one. */
const TEXT_RULE = String.raw`
var MARK = /[\n!#$%&*+\-:<=>@[\\\]^_\x60{}~]|$/g;
function text(state, silent) {
  const { pos } = state;
  MARK.lastIndex = pos;
  const end = Math.min(MARK.exec(state.src).index, state.posMax);
  if (end === pos) return false;
  if (!silent) state.pending += state.src.slice(pos, end);
  state.pos = end;
  return true;
}
`;

/** What is read of a token's attributes here is one of them. */
const TOKEN_METHODS = `attrGet(name) { return this.attrs?.find((attr) => attr[0] === name)?.[1] ?? null; }`;

/** markdown-it as the parser here needs it: its options, its rules, and which addresses are links. */
const ENGINE = (validateLink: string): string => `var MarkdownIt = class {
  constructor(options) {
    this.options = options;
    this.inline = new ParserInline();
    this.block = new ParserBlock();
    this.helpers = { parseLinkDestination, parseLinkLabel, parseLinkTitle };
    this.utils = { unescapeAll };
  }
  ${validateLink}
};
`;

const MODULE = '/markdown-it/dist/markdown-it.mjs';
const LEFT_OUT = '/widget/markdown/left-out-rules.ts';

/** Makes markdown-it a third as heavy, and cuts it in two: what any text may need, and what only few do. */
export function leanMarkdown(): Plugin {
  /** The rarer rules as code, and the names at the top of the rest. */
  let rare = '';
  let names: string[] = [];
  return {
    name: 'lean-markdown',
    enforce: 'pre',
    apply: 'build',
    async transform(code, id) {
      if (id.endsWith(MODULE)) {
        const cut = cutInTwo(code);
        ({ rare } = cut);
        names = cut.names.filter((name) => new RegExp(String.raw`\b${name}\b`).test(rare));
        return `${cut.base}\nexport { MarkdownIt as default, decodeEntitiesBy, ${names.join(', ')} };`;
      }
      if (!id.endsWith(LEFT_OUT)) return null;
      const engine = await this.resolve('markdown-it', id);
      if (!engine) this.error('there is no markdown-it');
      await this.load(engine);
      return [
        `import { decodeEntitiesBy, ${names.join(', ')} } from 'markdown-it';`,
        "import { decodeHTMLStrict } from './entities.ts';",
        rare + INSTALL,
      ].join('\n');
    },
  };
}

function cutInTwo(source: string): { base: string; rare: string; names: string[] } {
  let base = source
    .replaceAll(/^\/\*\*[^]*?\*\/\n/gm, '')
    // Fields, as they were before markdown-it was built for older browsers.
    .replaceAll(/_defineProperty\(\s*this,(?:\s*\/\*[^]*?\*\/)?\s*"(\w+)",\s*([^]*?)\s*\);\n/g, 'this.$1 = $2;\n');
  const take = (start: RegExp | string, end: string, replacement = ''): string => {
    const from = typeof start === 'string' ? base.indexOf(start) : base.search(start);
    const to = base.indexOf(end, from);
    if (from === -1 || to === -1) throw new Error(`markdown-it has no part ${String(start)} any more`);
    const taken = base.slice(from, to + end.length);
    base = base.slice(0, from) + replacement + base.slice(to + end.length);
    return taken;
  };
  const takeRegion = (name: string, replacement?: string): string =>
    take(`//#region ${name}\n`, '//#endregion\n', replacement);

  for (const name of IMPORTS) take(`import ${name} from `, ';\n');
  for (const name of UNUSED) takeRegion(name);
  const rare = [
    ...RARE.map((name) => takeRegion(name)),
    ...RARE_UTILITIES.map((name) =>
      name === name.toUpperCase() ? take(`var ${name} = `, ';\n') : take(`function ${name}(`, '\n}\n'),
    ),
  ].join('');
  for (const name of ['typeof', 'toPrimitive', 'toPropertyKey', 'defineProperty'])
    take(new RegExp(`//#region \\S+/${name}\\.js\n`), '//#endregion\n');
  take('//#region \0rolldown/runtime.js'.replace('\0', String.raw`\0`), '//#endregion\n');
  take('var utils_exports = ', '});\n');
  take('var lib = {', '};\n');
  take('function callable(', '\n}\n');
  for (const [name, shorter] of Object.entries(SHORTER)) take(`function ${name}(`, '\n}\n', `${shorter}\n`);
  takeRegion('src/rules_inline/text.ts', TEXT_RULE);
  takeRegion('src/ruler.ts', RULER);
  take(/\t(?:\/\*\*(?:(?!\*\/)[^])*\*\/\n\t)?attrIndex\(/, '\n};\n', `${TOKEN_METHODS}\n};\n`);
  const engine = takeRegion('src/markdownit.ts', '\0');
  const protocols = /^var BAD_PROTO_RE = .*\nvar GOOD_DATA_RE = .*\n/m.exec(engine)?.[0];
  const validateLink = /^\tvalidateLink\(url\) \{[^]*?^\t\}\n/m.exec(engine)?.[0];
  if (protocols === undefined || validateLink === undefined)
    throw new Error('markdown-it tells otherwise which addresses are links');
  base = base.replace('\0', () => protocols + ENGINE(validateLink));
  take('export {', '};');
  base = STAND_INS + base;
  if (base.includes('_defineProperty')) throw new Error('markdown-it is written otherwise than it was');
  const names = [...base.matchAll(/^(?:var|function|class|const|let) (\w+)/gm)].map(([, name = '']) => name);
  const own = new Set([...rare.matchAll(/^(?:var|function|class|const|let) (\w+)/gm)].map(([, name]) => name));
  return { base, rare, names: names.filter((name) => !own.has(name)) };
}
