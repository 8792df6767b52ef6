import type { LanguageModelV4CallOptions, LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from './command-texts.ts';
import { countTokens, toTokens } from './pace.ts';
import { createDemoModel } from './demo-model.ts';

const FAST = 100_000;

function ask(...prompts: string[]): LanguageModelV4Prompt {
  return prompts.flatMap((text, index): LanguageModelV4Prompt => {
    const question = { role: 'user' as const, content: [{ type: 'text' as const, text }] };
    const answer = { role: 'assistant' as const, content: [{ type: 'text' as const, text: 'An answer.' }] };
    return index < prompts.length - 1 ? [question, answer] : [question];
  });
}

async function listen(
  prompt: LanguageModelV4Prompt,
  { tokensPerSecond = FAST, ...options }: Partial<LanguageModelV4CallOptions> & { tokensPerSecond?: number } = {},
): Promise<LanguageModelV4StreamPart[]> {
  const { stream } = await createDemoModel({ tokensPerSecond }).doStream({ prompt, ...options });
  const parts: LanguageModelV4StreamPart[] = [];
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts;
    parts.push(value);
  }
}

function textOf(parts: readonly LanguageModelV4StreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('');
}

async function say(...prompts: string[]): Promise<string> {
  return textOf(await listen(ask(...prompts)));
}

describe('the demo model', () => {
  test('gives the same answer to the same conversation, and another one to another', async () => {
    const answer = await say('How do tides work?');
    expect(await say('How do tides work?')).toBe(answer);
    expect(await say('How do comets work?')).not.toBe(answer);
    expect(await say('Hello', 'How do tides work?')).not.toBe(answer);
  });

  test.each([
    ['How do I bake sourdough bread?', 'sourdough', /^1\. \*\*/m],
    ['Compare tea and coffee', 'coffee', /\|:---:\|/],
    ['Write a Python script that counts words', 'python', /```python/],
    ['Write a SQL query', 'SQL', /```sql/],
    ['Give me ideas for a birthday party', 'birthday party', /- \[ \]/],
    ['Tell me a story about a fox', 'fox', /^> /m],
    ['Why is the sky blue?', 'sky blue', /^### /m],
    ['Hi!', 'demo model', /\/help/],
  ])('answers %j with markdown of a fitting form that names the topic', async (prompt, topic, form) => {
    const answer = await say(prompt);
    expect(answer.toLowerCase()).toContain(topic.toLowerCase());
    expect(answer).toMatch(form);
    expect(answer).not.toMatch(/undefined|NaN|\[object/);
  });

  test('takes a short follow-up for a question about the topic before', async () => {
    expect(await say('Why is the sky blue?', 'Can you explain more?')).toContain('sky blue');
  });

  test.each([
    '',
    '   ',
    '日本語で答えて',
    '🎉🎉',
    '/unknown thing',
    'x'.repeat(8000),
    '``` **',
    'constructor __proto__',
  ])('answers anything: %j', async (prompt) => {
    expect((await say(prompt)).length).toBeGreaterThan(20);
  });

  test.each([1, 2, 100, 5000])(
    'answers /long %i with exactly as many tokens, whatever maxOutputTokens is',
    async (tokens) => {
      const parts = await listen(ask(`/long ${tokens}`), { maxOutputTokens: 50 });
      expect(parts.filter(({ type }) => type === 'text-delta')).toHaveLength(tokens);
      expect(parts.at(-1)).toMatchObject({
        type: 'finish',
        finishReason: { unified: 'stop' },
        usage: { outputTokens: { total: tokens } },
      });
      expect(await say(`/long ${tokens}`)).toBe(textOf(parts));
    },
  );

  test.each([
    ['/long', 1000],
    ['/long 0', 1],
    ['/long -5', 1],
    ['/long 2,000', 2000],
    ['/LONG 12 words', 12],
    ['Tell me in about 1,200 words why.', 1200],
  ])('reads %j as %i tokens', async (prompt, tokens) => {
    const parts = await listen(ask(prompt));
    expect(parts.filter(({ type }) => type === 'text-delta')).toHaveLength(tokens);
  });

  test('ends an answer at maxOutputTokens, with the finish reason length', async () => {
    const parts = await listen(ask('Why is the sky blue?'), { maxOutputTokens: 5 });
    expect(parts.filter(({ type }) => type === 'text-delta')).toHaveLength(5);
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified: 'length' } });
  });

  test('lists every command in /help', async () => {
    const help = await say('/help');
    for (const [usage] of COMMANDS) expect(help).toContain(`\`${usage}\``);
  });

  test('reasons before it answers /think', async () => {
    const kinds = (await listen(ask('/think about the tides'))).map(({ type }) => type);
    expect(kinds.indexOf('reasoning-end')).toBeLessThan(kinds.indexOf('text-start'));
    expect(kinds.filter((kind) => kind === 'reasoning-delta').length).toBeGreaterThan(10);
  });

  test('calls a tool that it is offered, and says what the tool has answered', async () => {
    const tools = [{ type: 'function' as const, name: 'weather', inputSchema: { type: 'object' as const } }];
    const call = (await listen(ask('/tool weather {"city":"Oslo"}'), { tools })).find(
      ({ type }) => type === 'tool-call',
    );
    expect(call).toMatchObject({ toolName: 'weather', input: '{"city":"Oslo"}' });
    const answered: LanguageModelV4Prompt = [
      ...ask('/tool weather {"city":"Oslo"}'),
      {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: 'c',
            toolName: 'weather',
            output: { type: 'json', value: { sky: 'clear' } },
          },
        ],
      },
    ];
    expect(textOf(await listen(answered, { tools }))).toContain('"sky": "clear"');
    expect(textOf(await listen(ask('/tool'), {}))).toContain('no tools');
  });

  test('reports an error in its stream on /error, and says nothing on /empty', async () => {
    expect((await listen(ask('/error'))).map(({ type }) => type).slice(-2)).toEqual(['error', 'finish']);
    expect(await say('/empty')).toBe('');
  });

  test('continues an unfinished answer of its own, even one cut within a token', async () => {
    const prompt = ask('/long 50');
    const whole = textOf(await listen(prompt));
    for (const cut of [1, 17, 100, whole.length - 1]) {
      const partial: LanguageModelV4Prompt = [
        ...prompt,
        { role: 'assistant', content: [{ type: 'text', text: whole.slice(0, cut) }] },
      ];
      expect(whole.slice(0, cut) + textOf(await listen(partial))).toBe(whole);
    }
  });

  test('keeps its pace on average', async () => {
    const startedAt = performance.now();
    await listen(ask('/long 200'), { tokensPerSecond: 400 });
    // 200 tokens at 400 per second take 500 ms.
    expect(performance.now() - startedAt).toBeGreaterThan(480);
  });

  test.each(['/long 1000', '/stall'])('stops at once when it is aborted in the middle of %s', async (prompt) => {
    const abort = new AbortController();
    const { stream } = await createDemoModel({ tokensPerSecond: prompt === '/stall' ? FAST : 1 }).doStream({
      prompt: ask(prompt),
      abortSignal: abort.signal,
    });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    const reader = stream.getReader();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow('enough');
  });

  test('answers many calls at once, each with its own answer', async () => {
    const prompts = Array.from({ length: 50 }, (_, index) => `/long ${index + 1}`);
    const together = await Promise.all(prompts.map((prompt) => say(prompt)));
    for (const [index, prompt] of prompts.entries()) expect(together[index]).toBe(await say(prompt));
  });
});

test('tokens put together are the text again', () => {
  for (const text of [
    '',
    ' ',
    '  a\n\n  b  ',
    'averyveryverylongwordindeed x',
    '\n\n- a\n  - b\n',
    '日本語🎉 äöü',
    '\t\tx\r\n',
  ]) {
    expect([...toTokens(text)].join('')).toBe(text);
  }
  expect(countTokens('one two three')).toBe(3);
});
