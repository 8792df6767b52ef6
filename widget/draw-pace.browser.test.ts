import { expect } from '@esm-bundle/chai';
import { createDrawPace, type DrawPace } from './draw-pace.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks for a draw each 5 ms, as text that streams does; answers when each was made, ms. */
async function drawOften(ms: number, work: () => Promise<void> = () => Promise.resolve()): Promise<number[]> {
  const draws: number[] = [];
  const pace = createDrawPace(async () => {
    draws.push(performance.now());
    await work();
  });
  for (const end = performance.now() + ms; performance.now() < end; await wait(5)) pace.draw();
  pace.cancel();
  return draws;
}

function gaps(draws: readonly number[]): number[] {
  return draws.slice(1).map((at, index) => at - (draws[index] ?? 0));
}

describe('the pace of drawing', () => {
  it('draws at once what comes after a rest', async () => {
    const asked = performance.now();
    const drawn = await new Promise<number>((resolve) => {
      createDrawPace(() => Promise.resolve(resolve(performance.now()))).draw();
    });
    expect(drawn - asked).to.be.below(40);
  });

  it('draws twenty times a second at most, however often it is asked to', async () => {
    const draws = await drawOften(400);
    expect(draws.length).to.be.within(3, 9);
    // A timer may be a millisecond early.
    for (const gap of gaps(draws)) expect(gap).to.be.above(48);
  });

  it('pauses four times as long as a draw took', async () => {
    const draws = await drawOften(900, () => wait(40));
    expect(draws.length).to.be.at.least(2);
    for (const gap of gaps(draws)) expect(gap).to.be.above(40 * 5 - 10);
  });

  it('draws again when asked during a draw', async () => {
    let count = 0;
    const pace: DrawPace = createDrawPace(() => {
      count += 1;
      if (count === 1) pace.draw();
      return Promise.resolve();
    });
    pace.draw();
    await wait(150);
    expect(count).to.equal(2);
  });

  it('does not draw after cancel', async () => {
    let count = 0;
    const pace = createDrawPace(() => Promise.resolve(void (count += 1)));
    pace.draw();
    pace.cancel();
    await wait(80);
    expect(count).to.equal(0);
  });
});
