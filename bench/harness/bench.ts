import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import type { Child, ChildOptions } from './child.ts';
import type { Handlers } from './commands.ts';
import type { Figure } from './figure.ts';

/** What a bench runs with. */
export interface BenchContext {
  /** Fewer rounds and smaller loads: shows that the bench works, not how fast the relay is. */
  quick: boolean;
  /** Starts a program (a path relative to bench/). It is stopped after the bench, however that ends. */
  start: <H extends Handlers>(file: string, options?: ChildOptions) => Promise<Child<H>>;
  /** Makes an empty folder, which is removed after the bench. */
  folder: () => Promise<string>;
  /** Starts a redis-server without persistence, which is stopped after the bench. */
  redis: () => Promise<RedisProcess>;
  /** Tells the person at the terminal what is being measured. */
  progress: (text: string) => void;
}

/** One bench: a row of docs/bench.md, several figures. */
export interface Bench {
  /** Its name for `--only`. */
  name: string;
  run: (context: BenchContext) => Promise<Figure[]>;
}
