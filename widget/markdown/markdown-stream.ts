import type { Env } from 'markdown-it';
import { buildBlock } from './build.ts';
import { completeInline, holdBack } from './complete.ts';
import { createDom, type DomOptions } from './dom.ts';
import { createPlainText } from './plain-text.ts';
import { createInlineCache } from './inline-cache.ts';
import { createParser } from './parser.ts';
import { readLayout, type Block } from './read-layout.ts';
import type { VNode } from './vnode.ts';

/** How markdown is drawn. */
export interface MarkdownOptions extends DomOptions {
  /** Milliseconds, for the cost of a render; in tests, a clock that stands still. */
  clock?: () => number;
  /** Least time between two renders, ms; `PAUSE_MS` when not given. */
  pauseMs?: number;
}

/** Draws a text that grows. */
export interface MarkdownStream {
  /** Shows `text`, all of it as far as it is known; `done` when no more will come. */
  update(text: string, done: boolean): void;
}

/** A text is drawn plain from the first block on that ends behind this many UTF-16 units. */
export const TEXT_LIMIT = 256 * 1024;

/** A text is drawn plain from the first block on that is longer than this many UTF-16 units. */
export const BLOCK_LIMIT = 64 * 1024;

/** The next render waits this many times as long as the last one took, so that drawing never takes the page over. */
const REST = 4;

/** Least time between two renders, ms. The widget itself asks for a render less often than this. */
const PAUSE_MS = 30;

/** Shared by all texts: a parser keeps no state between two of them. */
const parser = createParser();

interface LinkingBlock {
  at: number;
  source: string;
  drawn: VNode;
}

/**
 * Draws markdown into an element while it is being written. Closed blocks are not looked at again; the last one, still
 * open, is read again at each render. The end of a text is always drawn as if it had come at once.
 */
export function createMarkdownStream(host: HTMLElement, options: MarkdownOptions): MarkdownStream {
  const clock = options.clock ?? (() => performance.now());
  const pause = options.pauseMs ?? PAUSE_MS;
  const dom = createDom(options);
  let given = '';
  let finished = false;
  let source = '';
  /** The link definitions of closed blocks. */
  let env: Env = { references: {} };
  /** How much of the source is closed, and how many of the host's children show it. */
  let closed = 0;
  let closedCount = 0;
  /** What the children after those show. */
  let open: VNode[] = [];
  const drawn = createInlineCache();
  let linesRead = 0;
  let inFence = false;
  /** Closed blocks that a later definition may still change. */
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
      // The place of a text that was replaced is not left empty for a pause.
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
    plain?.update(source.slice(closed));
    const end = clock();
    nextAt = Math.max(start + pause, end + REST * (end - start));
  }

  function draw(): void {
    // A text past the bound is read in whole lines up to it, so that the pieces it came in make no difference.
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

  /** Draws the open block as it will be when the marks it has opened are closed. */
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

  /** Draws blocks again whose links were defined after them, or were taken for links and are not defined. */
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
    const { update } = createPlainText(element);
    plain = { element, from: closed, update };
  }

  /** Definitions for a piece that is read again later: the certain ones, and room for its own. */
  function scratch(): Env {
    const references: NonNullable<Env['references']> = Object.create(env.references ?? null);
    return { references, unfinished: true };
  }

  return { update };
}

/** A key for the definitions that links can refer to. Those of closed blocks only grow: their number is enough. */
function readDefinitions(closed: Env, open: Env): string {
  return JSON.stringify([Object.keys(closed.references ?? {}).length, open.references]);
}

interface PlainEnd {
  element: HTMLElement;
  /** Where in the source it begins. */
  from: number;
  update(text: string): void;
}

/** Line ends as markdown-it wants them. Half a line end at the end of a text is left for later. */
function normalise(text: string, whole: boolean): string {
  if (!/[\r\0]/.test(text)) return text;
  return (whole ? text : text.replace(/\r$/, '')).replaceAll(/\r\n?/g, '\n').replaceAll('\0', '\u{FFFD}');
}

/** Whether the line after this block belongs to it, as code. */
function endsInFence(block: Block | undefined): boolean {
  const last = block?.tokens.findLast(({ nesting }) => nesting === 0);
  if (last?.type !== 'fence' || !last.map) return false;
  // Its lines: the opening mark, the code, and the closing mark if it has come.
  return last.map[1] - last.map[0] === 1 + countLines(last.content);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
