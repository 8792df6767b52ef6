import { defineConfig, type OxlintConfig } from 'oxlint';

/**
 * The architecture as lint rules: for each part, what it may not import. `shared` is the ground; relay and widget stand
 * on it and do not know each other; inside the relay ROOMS says who knows whom, and app.ts wires everything. testkit knows
 * the wire contract alone, so that what it judges is judged from outside.
 */
interface Boundary {
  files: string[];
  excludeFiles?: string[];
  /** Top folders that may not be reached. */
  tops?: string[];
  /** Folders of the relay that may not be reached. */
  inRelay?: string[];
  /** Runs where there is no Node: nothing of `node:`, no package that needs it. */
  withoutNode?: boolean;
  /** Ships to a browser: only types of the AI SDK, and zod without its classic half. */
  inBrowser?: boolean;
}

const TESTS = ['**/*.test.ts', '**/testing/**'];

/** The Node server around the core, and the store drivers, which may need Node. */
const NODE_ONLY = ['relay/node/**', 'relay/store/sqlite/**', 'relay/store/redis/**'];

const TOP_FOLDERS = ['shared', 'relay', 'widget', 'testkit', 'demo', 'e2e', 'bench', 'faults', 'scripts'];
/** Nothing that ships imports one of these. */
const LEAVES = ['testkit', 'demo', 'e2e', 'bench', 'faults', 'scripts'];

/** The relay's rooms, each with those that it may not know. */
const ROOMS: Record<string, string[]> = {
  util: ['store', 'auth', 'limits', 'live', 'engine', 'generation', 'http', 'routes', 'node'],
  store: ['auth', 'limits', 'live', 'engine', 'generation', 'http', 'routes', 'node'],
  auth: ['store', 'limits', 'live', 'engine', 'generation', 'http', 'routes', 'node'],
  limits: ['store', 'auth', 'live', 'engine', 'generation', 'http', 'routes', 'node'],
  live: ['auth', 'limits', 'engine', 'generation', 'http', 'routes', 'node'],
  engine: ['auth', 'limits', 'live', 'generation', 'http', 'routes', 'node'],
  generation: ['auth', 'limits', 'live', 'http', 'routes', 'node'],
  http: ['engine', 'generation', 'routes', 'node'],
  routes: ['engine', 'generation', 'node'],
};

const BOUNDARIES: Boundary[] = [
  { files: ['shared/**'], tops: ['relay', 'widget', ...LEAVES], withoutNode: true, inBrowser: true },
  { files: ['widget/**'], tops: ['relay', ...LEAVES], withoutNode: true, inBrowser: true },
  { files: ['demo/**'], tops: ['relay', 'e2e', 'bench', 'scripts', 'testkit'], withoutNode: true, inBrowser: true },
  { files: ['testkit/**'], tops: ['relay', 'widget', 'shared', 'e2e', 'bench', 'faults'] },
  { files: ['relay/*.ts'], tops: ['widget', ...LEAVES], withoutNode: true },
  { files: ['relay/node/**'], tops: ['widget', ...LEAVES] },
  ...Object.entries(ROOMS).map(([room, inRelay]) => ({
    files: [`relay/${room}/**`],
    excludeFiles: NODE_ONLY,
    tops: ['widget', ...LEAVES],
    inRelay,
    withoutNode: true,
  })),
  {
    files: NODE_ONLY.filter((files) => files.startsWith('relay/store/')),
    tops: ['widget', ...LEAVES],
    inRelay: ROOMS['store'] ?? [],
  },
];

type Override = NonNullable<OxlintConfig['overrides']>[number];

/** A later override of the same rule replaces an earlier one whole, so that the most particular boundary stands last. */
function boundary({ files, excludeFiles = [], tops = [], inRelay = [], withoutNode, inBrowser }: Boundary): Override {
  const patterns = [
    {
      regex: `^(\\.\\./)+(${TOP_FOLDERS.join('|')})/`,
      message: 'Between top folders use #shared/…, #relay/…, #widget/…, #testkit/… or #scripts/….',
    },
    ...(tops.length > 0
      ? [{ regex: `^#(${tops.join('|')})/`, message: 'Dependencies run one way: shared ← relay, shared ← widget.' }]
      : []),
    ...(inRelay.length > 0
      ? [
          {
            regex: `^(#relay/|(\\.\\./)+)(${inRelay.join('|')})/`,
            message: 'Inside the relay it is routes → http → live → store and generation → engine → store: see ROOMS.',
          },
        ]
      : []),
    ...(withoutNode
      ? [
          {
            regex: '^(node:.*|pino|@hono/node-server)$',
            allowTypeImports: true,
            message: 'This part also runs without Node: it is handed what it needs (see relay/node/main.ts).',
          },
        ]
      : []),
    ...(inBrowser
      ? [
          {
            regex: '^(ai|@ai-sdk/.*)$',
            allowTypeImports: true,
            message: 'A value of the AI SDK costs tens of kilobytes in the browser: import types only.',
          },
          { regex: '^zod$', message: 'Use zod/mini: zod is four times its size.' },
        ]
      : []),
  ];
  return {
    files,
    excludeFiles: [...excludeFiles, ...TESTS],
    rules: { 'eslint/no-restricted-imports': ['error', { patterns }] },
  };
}

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'vitest', 'node'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  options: { typeAware: true, denyWarnings: true },
  ignorePatterns: ['dist/**', 'data/**', '.tmp/**', 'coverage/**'],
  rules: {
    // Nothing is swallowed and every promise is awaited or handled.
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'eslint/no-empty': ['error', { allowEmptyCatch: false }],
    'eslint/no-throw-literal': 'error',
    // The type checker is not argued with.
    'typescript/no-explicit-any': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-non-null-assertion': 'error',
    'eslint/eqeqeq': ['error', 'always', { null: 'ignore' }],
    'eslint/no-var': 'error',
    'eslint/prefer-const': ['error', { ignoreReadBeforeAssign: true }],
    'typescript/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    'import/no-cycle': 'error',
    // One place reads the environment; the rest is told.
    'node/no-process-env': 'error',
    'unicorn/prefer-node-protocol': 'error',

    // The second argument says what was expected.
    'vitest/valid-expect': ['error', { maxArgs: 2 }],
    'vitest/expect-expect': ['error', { assertFunctionNames: ['expect', '*.expect*', 'fc.assert'] }],

    // Awaiting one after the other is mostly meant: order is what this product is about.
    'eslint/no-await-in-loop': 'off',
    // Shadowing a name in a small scope reads better than a second-best name.
    'eslint/no-shadow': 'off',
    // A function that uses nothing of its surroundings may still belong there.
    'unicorn/consistent-function-scoping': 'off',
    // Ports are object literals whose functions use no `this`: taking them apart is the habit here.
    'typescript/unbound-method': 'off',
    // A copy is made where the loop's body may change what it runs over.
    'unicorn/no-useless-spread': 'off',
    // Lit's controllers register themselves with the element that makes them.
    'eslint/no-new': 'off',
    'promise/always-return': 'off',
    // What a scenario with random events expects depends on the events.
    'vitest/no-conditional-expect': 'off',
    // The compiler judges this already, and knows which branches cannot be reached.
    'typescript/consistent-return': 'off',
    // Savings too small to write less plainly for.
    'oxc/no-map-spread': 'off',
    'unicorn/prefer-set-has': 'off',
    // It does not see what a callback or a getter changes.
    'eslint/no-unmodified-loop-condition': 'off',
    // Side effects on import are how custom elements are defined.
    'import/no-unassigned-import': 'off',
    // Narrowing what came over a wire after its schema has judged it cannot be said without an assertion.
    'typescript/no-unsafe-type-assertion': 'off',
  },
  overrides: [
    ...BOUNDARIES.map(boundary),
    {
      files: [
        'relay/node/config/read-config.ts',
        'testkit/**',
        'scripts/**',
        'bench/**',
        'e2e/**',
        'faults/**',
        '*.config.ts',
        '*.config.mjs',
        ...TESTS,
      ],
      rules: { 'node/no-process-env': 'off' },
    },
  ],
});
