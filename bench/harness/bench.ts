import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import type { Child, ChildOptions } from './child.ts';
import type { Handlers } from './commands.ts';
import type { Figure } from './figure.ts';

/** What a bench is given. */
export interface BenchContext {
  /** Fewer rounds, smaller loads: shows that it works, not how fast it is. */
  quick: boolean;
  /** Starts a program of the bench (a path relative to bench/); it is ended after the bench, whatever happens. */
  start: <H extends Handlers>(file: string, options?: ChildOptions) => Promise<Child<H>>;
  /** A fresh folder, removed after the bench. */
  folder: () => Promise<string>;
  /** A redis-server of the bench's own, that keeps nothing on disk; ended after the bench. */
  redis: () => Promise<RedisProcess>;
  progress: (text: string) => void;
}

export interface Bench {
  /** What `--only` picks it by. */
  name: string;
  run: (context: BenchContext) => Promise<Figure[]>;
}
