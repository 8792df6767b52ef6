import type { Bench } from '../harness/bench.ts';
import { createFigure } from '../harness/figure.ts';
import { interleave } from '../harness/statistics.ts';
import type { Viewers } from '../load/viewers.ts';
import type { SinkServer, Way } from '../servers/sink-server.ts';

const FRAMES_PER_SECOND = 50;
/** Bytes of a frame with one token. */
const FRAME_LENGTH = 250;

/** Cost of writing one frame to one viewer, by each sink of the relay's own server. */
export const sinks: Bench = {
  name: 'sinks',
  run: async ({ quick, start, progress }) => {
    const viewers = quick ? 50 : 200;
    const [server, load] = await Promise.all([
      start<SinkServer>('servers/sink-server.ts'),
      start<Viewers>('load/viewers.ts'),
    ]);
    const port = await server.call('port');
    const ways: Way[] = ['bare-write', 'node-response', 'node-chunked'];
    for (const way of ways) {
      const requests = Array.from({ length: viewers }, () => ({ port, path: `/${way}` }));
      await load.call('connect', { group: way, requests });
    }
    progress(`${viewers} viewers each`);
    const write = (way: Way) => () =>
      server.call('write', { way, frames: quick ? 20 : 100, rate: FRAMES_PER_SECOND, length: FRAME_LENGTH });
    const measured = await interleave(quick ? 2 : 8, {
      bare: write('bare-write'),
      response: write('node-response'),
      chunked: write('node-chunked'),
    });
    const figure = (sink: string, ours: readonly number[]) =>
      createFigure({
        what: `server CPU per frame and viewer, sink ${sink} against response.write`,
        unit: 'µs',
        ours,
        baseline: measured.bare,
        as: 'ours/baseline',
      });
    return [figure('node-response', measured.response), figure('node-chunked', measured.chunked)];
  },
};
