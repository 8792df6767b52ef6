import type { KnipConfig } from 'knip';

/** Dead code is what no entry reaches. The entries: the processes, the published parts, the pages and the tests. */
const config: KnipConfig = {
  entry: [
    'relay/index.ts',
    'relay/node/index.ts',
    'relay/testing-suites.ts',
    'relay/store/sqlite/open-sqlite-store.ts',
    'relay/store/redis/ioredis/open-redis-store.ts',
    'relay/store/redis/upstash/open-upstash-store.ts',
    'shared/index.ts',
    'widget/index.ts',
    'widget/built-element.ts',
    'widget/loader/loader.ts',
    'scripts/vite/lit.ts',
    'widget/resumable-chat.ts',
    'widget/session/index.ts',
    'demo/**/*.{ts,html}',
    'scripts/*.ts',
    'bench/**/run.ts',
    'bench/pages/*.ts',
    'faults/servers/*.ts',
    'e2e/servers/*.ts',
    'relay/engine/testing/crash-child.ts',
    '**/*.test.ts',
    'web-test-runner.config.mjs',
  ],
  project: ['{shared,relay,widget,testkit,demo,e2e,bench,faults,scripts}/**/*.ts'],
  ignoreBinaries: ['redis-server', 'unshare', 'prlimit'],
  ignoreExportsUsedInFile: true,
};

export default config;
