/** Text that streams is drawn twenty times a second at most: nobody reads twenty new words a second. */
const PAUSE_MS = 50;

/** The next draw comes no sooner than so many times what the last one took: drawing never takes the page over. */
const REST = 4;

/** Nor does a machine that was busy with something else during a draw hold the text back for longer, ms. */
const LONGEST_REST_MS = 400;

export interface DrawPace {
  /** Draws soon; asked for again before that, it is once. A hidden page draws nothing until it is looked at. */
  draw(): void;
  cancel(): void;
}

/**
 * Spreads out draws. Each frame in which a page changes costs the browser styles, layout, painting and compositing,
 * however little has changed: so between two draws nothing moves, and no frame is asked for to draw in. `render`
 * resolves when all is drawn.
 */
export function createDrawPace(render: () => Promise<unknown>): DrawPace {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let frame: number | null = null;
  let nextAt = 0;
  let drawing = false;
  /** Something has come while a draw was made. */
  let again = false;

  function schedule(): void {
    if (drawing) again = true;
    else if (timer === null && frame === null) timer = setTimeout(onTime, nextAt - performance.now());
  }

  function onTime(): void {
    timer = null;
    if (document.hidden) frame = requestAnimationFrame(() => void run());
    else void run();
  }

  async function run(): Promise<void> {
    frame = null;
    drawing = true;
    const start = performance.now();
    try {
      await render();
    } finally {
      const end = performance.now();
      nextAt = Math.max(start + PAUSE_MS, end + Math.min(REST * (end - start), LONGEST_REST_MS));
      drawing = false;
      if (again) schedule();
      again = false;
    }
  }

  return {
    draw: schedule,
    cancel() {
      if (timer !== null) clearTimeout(timer);
      if (frame !== null) cancelAnimationFrame(frame);
      timer = frame = null;
      again = false;
    },
  };
}
