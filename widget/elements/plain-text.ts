import type { TextRenderer, TextRendererOptions } from './text-renderer.ts';
import { createCodeCard } from './code-card.ts';

/**
 * Lines that may yet turn out to be a fence, or blank, are held back until that is known. A model that never ends
 * such a line must not make each update look at all of it again, so a longer one is taken for text.
 */
const HOLD_LIMIT = 200;

const BLANK = /^[ \t]*$/;
const FENCE = /^([ \t]*)(`{3,}|~{3,})[ \t]*([^`]*)$/;
const MAYBE_FENCE = /^[ \t]*(?:`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)?$/;
const MAYBE_END = /^[ \t]*(?:`*|~*)[ \t]*$/;

interface Paragraph {
  kind: 'paragraph';
  element: HTMLElement;
  /** Where plain text goes; null after an inline code until more text comes. */
  text: Text | null;
  code: { element: HTMLElement; text: Text; ticks: number; from: number } | null;
  /** Runs of backticks that nothing closes in this paragraph: they are text. */
  literal: Set<number>;
}

interface CodeBlock {
  kind: 'code';
  text: Text;
  mark: string;
  indent: number;
  empty: boolean;
}

/**
 * Draws plain text with line breaks, paragraphs, inline code and fenced code, while it is being written.
 *
 * What is on the page is kept: new text is appended to the nodes that are there, so a reader's selection survives,
 * and an update costs what is new. Only a text that does not begin with what was drawn is drawn from the start.
 */
export function createPlainText(host: HTMLElement, options: TextRendererOptions): TextRenderer {
  let source = '';
  let finished = false;
  let at = 0;
  let lineStart = true;
  let block: Paragraph | CodeBlock | null = null;

  function reset(): void {
    host.replaceChildren();
    source = '';
    at = 0;
    lineStart = true;
    block = null;
  }

  function update(text: string, done: boolean): void {
    if (text === source && done === finished) return;
    if (!text.startsWith(source) || (finished && !done)) reset();
    source = text;
    finished = done;
    do {
      while (at < source.length && (lineStart ? readLineStart() : readRest()));
    } while (done && !endBlock());
  }

  /** Decides what the line at `at` is. False when that cannot be known yet. */
  function readLineStart(): boolean {
    const newline = source.indexOf('\n', at);
    const line = source.slice(at, newline === -1 ? undefined : newline);
    const whole = newline !== -1 || finished;
    const mayHold = !whole && line.length <= HOLD_LIMIT;
    const next = newline === -1 ? source.length : newline + 1;

    if (block?.kind === 'code') {
      if (mayHold && MAYBE_END.test(line)) return false;
      if (whole && endsFence(line, block)) {
        block = null;
        at = next;
        return true;
      }
      if (!block.empty) block.text.appendData('\n');
      block.empty = false;
      at += Math.min(block.indent, /^[ \t]*/.exec(line)?.[0].length ?? 0);
      lineStart = false;
      return true;
    }

    if (mayHold && MAYBE_FENCE.test(line)) return false;
    const fence = whole && line.length <= HOLD_LIMIT ? FENCE.exec(line) : null;
    if (fence || (whole && BLANK.test(line))) {
      if (!endBlock()) return true;
      if (fence) block = openCode(fence);
      at = next;
      return true;
    }
    if (block) appendText(block, '\n');
    else block = openParagraph();
    lineStart = false;
    return true;
  }

  /** Draws the rest of a line whose kind is known. False when all but what is held back is drawn. */
  function readRest(): boolean {
    const newline = source.indexOf('\n', at);
    const end = newline === -1 ? source.length : newline;
    if (block?.kind === 'code') {
      block.text.appendData(source.slice(at, end));
      at = end;
    } else {
      block ??= openParagraph();
      if (!readInline(block, end, newline !== -1 || finished)) return false;
    }
    if (newline === -1) return false;
    at = newline + 1;
    lineStart = true;
    return true;
  }

  function readInline(paragraph: Paragraph, end: number, whole: boolean): boolean {
    while (at < end) {
      const tick = source.slice(at, end).search('`');
      if (tick !== 0) {
        const text = source.slice(at, tick === -1 ? end : at + tick);
        appendText(paragraph, text);
        at += text.length;
        continue;
      }
      let runEnd = at;
      while (runEnd < end && source[runEnd] === '`') runEnd += 1;
      if (runEnd === end && !whole) return false;
      readTicks(paragraph, runEnd - at);
    }
    return true;
  }

  function readTicks(paragraph: Paragraph, ticks: number): void {
    const { code } = paragraph;
    if (code?.ticks === ticks) {
      const text = code.text.data;
      if (/^ .*[^ ].* $/s.test(text)) code.text.data = text.slice(1, -1);
      paragraph.code = null;
      paragraph.text = null;
    } else if (code || paragraph.literal.has(ticks)) {
      appendText(paragraph, '`'.repeat(ticks));
    } else {
      const element = document.createElement('code');
      element.setAttribute('part', 'inline-code');
      const text = element.appendChild(document.createTextNode(''));
      paragraph.element.append(element);
      paragraph.code = { element, text, ticks, from: at };
    }
    at += ticks;
  }

  /**
   * Ends the open block. False when an inline code was left open: its backticks are text after all, and reading
   * goes back to them. Each length of backticks does so at most once in a paragraph.
   */
  function endBlock(): boolean {
    if (block?.kind === 'paragraph' && block.code) {
      const { element, ticks, from } = block.code;
      element.remove();
      block.code = null;
      block.text = null;
      block.literal.add(ticks);
      at = from;
      lineStart = false;
      return false;
    }
    block = null;
    return true;
  }

  function openParagraph(): Paragraph {
    const element = document.createElement('p');
    host.append(element);
    return { kind: 'paragraph', element, text: null, code: null, literal: new Set() };
  }

  function openCode(fence: RegExpExecArray): CodeBlock {
    const [, indent = '', mark = '```', info = ''] = fence;
    const { element, text } = createCodeCard(info.trim().split(/\s/, 1)[0] ?? '', options);
    host.append(element);
    return { kind: 'code', text, mark, indent: indent.length, empty: true };
  }

  return { update };
}

function endsFence(line: string, block: CodeBlock): boolean {
  const mark = line.trim();
  return mark.length >= block.mark.length && mark === (block.mark[0] ?? '').repeat(mark.length);
}

function appendText(paragraph: Paragraph, text: string): void {
  if (paragraph.code) {
    paragraph.code.text.appendData(text);
    return;
  }
  paragraph.text ??= paragraph.element.appendChild(document.createTextNode(''));
  paragraph.text.appendData(text);
}
