/** Least time between two draws, ms: nobody reads twenty new words a second. */
const PAUSE_MS = 50;

/** The next draw waits this many times as long as the last one took, so that drawing never takes the page over. */
const REST = 4;

/** Longest wait after a slow draw, ms: the machine may only have been busy with something else. */
const LONGEST_REST_MS = 400;

/** Spreads out the draws of streaming text. */
export interface DrawPace {
  /** Draws soon, once however often it is asked for. A hidden page draws nothing until it is looked at. */
  draw(): void;
  /** Calls off the draw that is due. */
  cancel(): void;
}

/**
 * Creates a pace. Each frame in which a page changes costs the browser styles, layout, painting and compositing, however
 * little has changed: so nothing changes between two draws, and no animation frame is requested to draw in. `render`
 * resolves when everything is drawn.
 */
export function createDrawPace(render: () => Promise<unknown>): DrawPace {
  let timer: ReturnType<typeof setTimeout> | null = null;
  let frame: number | null = null;
  let nextAt = 0;
  let drawing = false;
  /** A draw was asked for while one was being made. */
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
