import type { Env } from 'markdown-it';
import { buildBlock } from './build.ts';
import { completeInline, holdBack } from './complete.ts';
import { createDom } from './dom.ts';
import { createInlineCache } from './inline-cache.ts';
import { createParser } from './parser.ts';
import { readLayout, type Block } from './read-layout.ts';
import type { VNode } from './vnode.ts';

/** What the engine is handed, so that it shares no code with the script that loads it. */
export interface MarkdownTools {
  /** Images are fetched and shown; otherwise they are links. */
  readonly allowImages: boolean;
  createCodeCard(language: string): { element: HTMLElement; text: Text };
  /** The address if a link may lead there, else null. */
  safeUrl(text: string): string | null;
  /** Draws what is past the bounds below. */
  createPlainText(host: HTMLElement): { update(text: string, done: boolean): void };
  /** Milliseconds, for what a render costs; in tests, one that stands still. */
  clock?: () => number;
  /** Renders come no closer than so many milliseconds; `PAUSE_MS` when not given. */
  pauseMs?: number;
}

/** From the first block on that ends behind this many characters, a text is drawn plain. */
export const TEXT_LIMIT = 256 * 1024;

/** From the first block on that is longer than this many characters, a text is drawn plain. */
export const BLOCK_LIMIT = 64 * 1024;

/** The next render comes no sooner than this many times what the last one cost: drawing never takes the page over. */
const REST = 4;

/** For whoever draws at each update. The widget itself asks for a render less often than this. */
const PAUSE_MS = 30;

/** Shared by all texts: a parser keeps no state between two of them. */
const parser = createParser();

interface LinkingBlock {
  at: number;
  source: string;
  drawn: VNode;
}

/**
 * Draws markdown into an element, while it is being written. Blocks that are closed are not looked at again; the last
 * one, still open, is read anew at each render. The end of a text is always drawn as if it had come at once.
 */
export function createMarkdownStream(
  host: HTMLElement,
  tools: MarkdownTools,
): { update(text: string, done: boolean): void } {
  const clock = tools.clock ?? (() => performance.now());
  const pause = tools.pauseMs ?? PAUSE_MS;
  const dom = createDom(tools);
  let given = '';
  let finished = false;
  let source = '';
  /** The definitions of closed blocks. */
  let env: Env = { references: {} };
  /** How much of the source is closed, and how many of the host's children show it. */
  let closed = 0;
  let closedCount = 0;
  /** What the children behind those show. */
  let open: VNode[] = [];
  const drawn = createInlineCache();
  let linesRead = 0;
  let inFence = false;
  /** Closed blocks that a definition further on may still change. */
  let linking: LinkingBlock[] = [];
  let plain: PlainEnd | null = null;
  let nextAt = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;

  function reset(): void {
    host.replaceChildren();
    env = { references: {} };
    closed = closedCount = linesRead = 0;
    open = [];
    linking = [];
    inFence = false;
    plain = null;
  }

  function update(text: string, done: boolean): void {
    if (text === given && done === finished) return;
    if (!text.startsWith(given) || (finished && !done)) {
      reset();
      // What has gone leaves no gap.
      nextAt = 0;
    }
    given = text;
    finished = done;
    const wait = done ? 0 : nextAt - clock();
    if (wait <= 0) render();
    else timer ??= setTimeout(render, wait);
  }

  function render(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const start = clock();
    source = normalise(given, finished);
    if (!plain || finished) draw();
    plain?.update(source.slice(closed), finished);
    const end = clock();
    nextAt = Math.max(start + pause, end + REST * (end - start));
  }

  function draw(): void {
    // A text past the bound is read in whole lines up to it, so that it makes no difference in which pieces it came.
    const isCut = source.length > TEXT_LIMIT;
    const bound = Math.min(source.length, TEXT_LIMIT);
    const linesEnd = finished && !isCut ? bound : source.slice(0, bound).lastIndexOf('\n') + 1;
    const isLongLine = !finished && source.length - linesEnd > BLOCK_LIMIT;
    let isPlain = isCut || isLongLine;
    let newlyClosed: VNode[] = [];
    if (finished || linesEnd > linesRead) {
      linesRead = linesEnd;
      const lines = source.slice(closed, linesEnd);
      const blocks = readLayout(lines, parser, scratch());
      const tooLong = blocks.findIndex((block, at) => block.end - (blocks[at - 1]?.end ?? 0) > BLOCK_LIMIT);
      isPlain ||= tooLong !== -1;
      inFence = endsInFence(blocks.at(-1));
      if (finished && !isPlain) newlyClosed = close(linesEnd);
      else {
        const last = blocks[(tooLong === -1 ? blocks.length - 1 : tooLong) - 1];
        if (last) newlyClosed = close(closed + last.end);
      }
    }
    const openNow = finished || isPlain ? [] : drawOpen();
    dom.patch(host, open, [...newlyClosed, ...openNow], closedCount);
    closedCount += newlyClosed.length;
    open = openNow;
    if (finished) drawLinks();
    showPlain(isPlain);
  }

  /** Reads the source up to `end` for the last time. */
  function close(end: number): VNode[] {
    const part = source.slice(closed, end);
    let from = 0;
    const blocks = readLayout(part, parser, env);
    const links = finished ? env : scratch();
    const drawn = blocks.map(({ tokens, end }, at) => {
      const block = part.slice(from, end);
      from = end;
      const node = buildBlock(tokens, block, { parser, env: links });
      if (!finished && block.includes('[')) linking.push({ at: closedCount + at, source: block, drawn: node });
      return node;
    });
    closed = end;
    return drawn;
  }

  /** Draws the open block as what it will be when what it has begun is ended. */
  function drawOpen(): VNode[] {
    const part = holdBack(source.slice(closed), inFence);
    const references = scratch();
    const blocks = readLayout(part, parser, references);
    drawn.begin(readDefinitions(env, references));
    let from = 0;
    return blocks.map(({ tokens, end }, at) => {
      const block = part.slice(from, end);
      from = end;
      const last = at === blocks.length - 1 ? tokens.findLast(({ nesting }) => nesting === 0) : undefined;
      const lastInline = last?.type === 'inline' ? completeInline(last.content, parser, references) : undefined;
      return buildBlock(tokens, block, {
        parser,
        env: references,
        drawn,
        ...(lastInline === undefined ? null : { lastInline }),
      });
    });
  }

  /** Draws what came before the definition of its links again, or was taken for a link and has none. */
  function drawLinks(): void {
    for (const { at, source, drawn } of linking) {
      const [block] = readLayout(source, parser, scratch());
      if (block) dom.patch(host, [drawn], [buildBlock(block.tokens, source, { parser, env })], at);
    }
    linking = [];
  }

  function showPlain(isPlain: boolean): void {
    if (plain && !(isPlain && plain.from === closed)) {
      plain.element.remove();
      plain = null;
    }
    if (!isPlain || plain) return;
    const element = document.createElement('div');
    element.className = 'text';
    host.append(element);
    const { update } = tools.createPlainText(element);
    plain = { element, from: closed, update };
  }

  /** Definitions of a part that may change again: the ones that are certain, and room for its own; more may come. */
  function scratch(): Env {
    const references: NonNullable<Env['references']> = Object.create(env.references ?? null);
    return { references, unfinished: true };
  }

  return { update };
}

/** The links that can be meant, each by the name of its definition. Of closed blocks none goes: their number will do. */
function readDefinitions(closed: Env, open: Env): string {
  return JSON.stringify([Object.keys(closed.references ?? {}).length, open.references]);
}

interface PlainEnd {
  element: HTMLElement;
  /** Where in the source it begins. */
  from: number;
  update(text: string, done: boolean): void;
}

/** Line ends as markdown-it wants them. The half of a line end that a text may end with is left for later. */
function normalise(text: string, whole: boolean): string {
  if (!/[\r\0]/.test(text)) return text;
  return (whole ? text : text.replace(/\r$/, '')).replaceAll(/\r\n?/g, '\n').replaceAll('\0', '\u{FFFD}');
}

/** Whether the line after these belongs to a code block. */
function endsInFence(block: Block | undefined): boolean {
  const last = block?.tokens.findLast(({ nesting }) => nesting === 0);
  if (last?.type !== 'fence' || !last.map) return false;
  // Its lines are the opening one, the code, and the closing one if it has come.
  return last.map[1] - last.map[0] === 1 + countLines(last.content);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
