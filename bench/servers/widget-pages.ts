/**
 * Pages with this widget and with two others, each with an endpoint that streams the same chunks at the same times in
 * the widget's own format. There is no relay: the pages are measured.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'vite';
import { ensureBuild, ROOT } from '../../scripts/ensure-build.ts';
import { WIDGET_ALIASES } from '../../scripts/vite/aliases.ts';
import { serveCommands } from '../harness/commands.ts';
import { encodeFrame } from '../harness/wire.ts';

const PEERS = path.join(ROOT, 'bench/peers/node_modules');
const FILES: readonly [prefix: string, folder: string][] = [
  ['/ours/', path.join(ROOT, 'dist/widget')],
  ['/deep-chat/', path.join(PEERS, 'deep-chat/dist')],
  ['/n8n/', path.join(PEERS, '@n8n/chat/dist')],
];
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
};

const page = (body: string): string => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bench</title>
<style>html,body{margin:0;height:100%}</style></head><body>${body}</body></html>`;

const PAGES: Readonly<Record<string, string>> = {
  '/blank': page(''),
  '/engines': page('<script type="module" src="/engines.js"></script>'),
  '/launcher': page('<script src="/ours/widget.js"></script><resumable-chat></resumable-chat>'),
  '/ours': page(
    '<script src="/ours/widget.js"></script><resumable-chat mode="inline" style="height:100vh"></resumable-chat>',
  ),
  '/deep-chat': page(`<script type="module" src="/deep-chat/deepChat.bundle.js"></script>
    <deep-chat style="width:100vw;height:100vh" connect='{"url":"/deep-chat-answer","stream":true}'></deep-chat>`),
  '/n8n': page(`<link rel="stylesheet" href="/n8n/style.css"><div id="n8n-chat" style="height:100vh"></div>
    <script type="module">import { createChat } from '/n8n/chat.bundle.es.js';
    createChat({ webhookUrl: '/n8n-answer', mode: 'fullscreen', loadPreviousSession: false, enableStreaming: true });</script>`),
};

let answer: { chunks: readonly string[]; everyMs: number } = { chunks: [], everyMs: 20 };
let sent = 0;
let prompt: { messageId: string; prompt: string } | null = null;
let engines = '';
const compressedFiles = new Map<string, Buffer>();

const server = createServer((request, response) => {
  void respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://bench');
  const html = PAGES[pathname];
  if (html !== undefined) return void response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  if (pathname === '/engines.js')
    return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(engines);
  const [prefix, folder] = FILES.find(([start]) => pathname.startsWith(start)) ?? [];
  if (prefix !== undefined && folder !== undefined)
    return sendFile(path.join(folder, pathname.slice(prefix.length)), response);
  if (pathname === '/favicon.ico') return void response.writeHead(204).end();
  const body = await readBody(request);
  switch (pathname) {
    case '/api/sessions':
      return sendJson(response, 201, { sessionId: SESSION, token: 'a.b.c', expiresAt: Date.now() + 3_600_000 });
    case '/api/llm-stream': {
      prompt = JSON.parse(body) as { messageId: string; prompt: string };
      return sendJson(response, 202, { sessionId: SESSION, messageId: prompt.messageId, runId: RUN, cursor: '1-0' });
    }
    case '/api/check-stream':
      return streamOurs(response);
    case '/deep-chat-answer':
      return streamChunks(response, 'text/event-stream', { chunk: (text) => `data: ${JSON.stringify({ text })}\n\n` });
    case '/n8n-answer': {
      const metadata = { nodeId: 'n', nodeName: 'AI', timestamp: Date.now(), runIndex: 0, itemIndex: 0 };
      const line = (message: object): string => `${JSON.stringify({ ...message, metadata })}\n`;
      return streamChunks(response, 'application/json; charset=utf-8', {
        begin: line({ type: 'begin' }),
        chunk: (content) => line({ type: 'item', content }),
        end: line({ type: 'end' }),
      });
    }
    default:
      response.writeHead(404).end();
  }
}

function sendFile(file: string, response: ServerResponse): void {
  const compressed = compressedFile(file);
  sent += compressed.length;
  response.writeHead(200, {
    'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream',
    'content-encoding': 'br',
  });
  response.end(compressed);
}

/** The file as brotli sends it. Kept, because the other widgets' files take seconds to compress. */
function compressedFile(file: string): Buffer {
  let compressed = compressedFiles.get(file);
  if (!compressed) compressedFiles.set(file, (compressed = brotliCompressSync(readFileSync(file))));
  return compressed;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
}

interface Wire {
  begin?: string;
  chunk: (text: string, at: number) => string;
  end?: string;
}

/** Writes each chunk at a fixed time since the start, so that a late timer does not delay the chunks after it. */
async function streamChunks(response: ServerResponse, type: string, wire: Wire): Promise<void> {
  const { chunks, everyMs } = answer;
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  response.write(wire.begin ?? '');
  const startedAt = performance.now();
  for (const [at, text] of chunks.entries()) {
    const wait = startedAt + at * everyMs - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    response.write(wire.chunk(text, at));
  }
  response.end(wire.end ?? '');
}

const SESSION = 'session-of-the-bench-0';
const RUN = 'run-of-the-bench';

async function streamOurs(response: ServerResponse): Promise<void> {
  const { messageId: id, prompt: text } = prompt ?? { messageId: 'u0', prompt: '' };
  const run = { runId: RUN, messageId: RUN, attempt: 1 };
  let seq = 0;
  const entry = (fields: object): string => {
    seq += 1;
    return encodeFrame(`2-${seq - 1}`, JSON.stringify(fields));
  };
  const chunk = (part: object): string => entry({ type: 'chunk', runId: RUN, chunk: part });
  const begin = [
    encodeFrame(
      '1-0',
      JSON.stringify({
        type: 'message',
        prev: '0-0',
        message: { id, role: 'user', parts: [{ type: 'text', text }] },
        runId: RUN,
      }),
    ),
    entry({ type: 'metadata', status: 'started', prev: '1-0', ...run }),
    chunk({ type: 'start', messageId: RUN }),
    chunk({ type: 'text-start', id: '1' }),
  ].join('');
  const last = answer.chunks.length - 1;
  await streamChunks(response, 'text/event-stream', {
    begin,
    chunk: (delta, at) => {
      const frame = chunk({ type: 'text-delta', id: '1', delta });
      if (at < last) return frame;
      return (
        frame +
        chunk({ type: 'text-end', id: '1' }) +
        chunk({ type: 'finish' }) +
        entry({ type: 'metadata', status: 'completed', ...run })
      );
    },
  });
}

async function buildEngines(): Promise<void> {
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: WIDGET_ALIASES },
    build: {
      write: false,
      target: 'es2022',
      rolldownOptions: { input: path.join(ROOT, 'bench/pages/markdown-page.ts'), output: { codeSplitting: false } },
    },
  });
  const [first] = Array.isArray(built) ? built : [built];
  const [chunk, other] = first && 'output' in first ? first.output.filter((file) => file.type === 'chunk') : [];
  if (!chunk || other) throw new Error('bench/pages/markdown-page.ts must build to one file');
  engines = chunk.code;
}

ensureBuild();
await buildEngines();
server.listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  /** Sets the answer to stream. */
  answerWith: (given: { chunks: readonly string[]; everyMs: number }): void => {
    answer = given;
  },
  /** Bytes of scripts and styles sent since the last call, as brotli. */
  takeSent: (): number => {
    const bytes = sent;
    sent = 0;
    return bytes;
  },
};
/** The commands of this process. */
export type WidgetPages = typeof handlers;
serveCommands(handlers);
