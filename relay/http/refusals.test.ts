import { describe, expect, it } from 'vitest';
import type { Logger } from '../util/logger.ts';
import { json, openRelayStage, type RelayStageOptions } from '../testing/relay-stage.ts';

interface Line {
  level: keyof Logger;
  fields: Record<string, unknown>;
  message: string;
}

async function withStage(
  options: RelayStageOptions,
  run: (stage: ReturnType<typeof openRelayStage>, lines: Line[]) => Promise<void>,
) {
  const lines: Line[] = [];
  const note = (level: keyof Logger) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  const logger: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const stage = openRelayStage({ logger, ...options });
  try {
    await run(stage, lines);
  } finally {
    await stage.close();
  }
}

describe('a refusal', () => {
  it('is logged at debug, with its code and the id that its answer bears', async () => {
    await withStage({}, async (stage, lines) => {
      const { sessionId } = await stage.mint();
      lines.length = 0;
      const response = await stage.request(`/api/sessions/${sessionId}`);
      expect(response.status).toBe(401);
      const requestId = response.headers.get('x-request-id');
      expect(requestId).toMatch(/^[\w-]{10,}$/);
      expect(lines).toEqual([
        {
          level: 'debug',
          fields: { requestId, code: 'unauthorized', method: 'GET', route: '/api/sessions/:sessionId' },
          message: 'A request was refused',
        },
      ]);
    });
  });

  it('bears the id that a proxy in front has given to its request', async () => {
    await withStage({}, async (stage, lines) => {
      await stage.request('/nowhere', { headers: { 'x-request-id': 'from-the-proxy' } });
      expect(lines).toMatchObject([{ fields: { requestId: 'from-the-proxy', code: 'not-found' } }]);
    });
  });

  it('says nothing that was sent', async () => {
    await withStage({}, async (stage, lines) => {
      const { sessionId, token } = await stage.mint();
      await stage.request('/api/llm-stream?secret=query', json({ sessionId, prompt: 'a secret prompt', x: 1 }, token));
      expect(lines).toMatchObject([{ level: 'debug', fields: { code: 'invalid-request' } }]);
      expect(JSON.stringify(lines)).not.toMatch(new RegExp(`secret|${token}|${sessionId}`));
    });
  });
});

describe('a failure', () => {
  it('is logged with the id of its request', async () => {
    const broken = async () => {
      throw new Error('broken');
    };
    await withStage({ wrapStore: (store) => ({ ...store, head: broken }) }, async (stage, lines) => {
      const { sessionId, token } = await stage.mint();
      stage.clock.now += 1_000_000;
      const response = await stage.request(`/api/sessions/${sessionId}/share`, json({}, token));
      expect(response.status).toBe(401);
      stage.clock.now -= 1_000_000;
      const failed = await stage.request(`/api/sessions/${sessionId}/share`, json({}, token));
      expect(failed.status).toBe(500);
      expect(lines.at(-1)).toMatchObject({
        level: 'error',
        fields: { requestId: failed.headers.get('x-request-id'), code: 'internal' },
      });
    });
  });
});

describe('an origin that may not use the relay', () => {
  const origins = { allowed: ['https://shop.example'], loopback: false } as const;

  it('is named once in a warning that says what to set, and at debug from then on', async () => {
    await withStage({ origins }, async (stage, lines) => {
      const ask = (origin: string, method: string) => stage.request('/api/sessions/x', { method, headers: { origin } });
      for (const method of ['DELETE', 'GET']) await ask('https://www.shop.example', method);
      await ask('https://other.example', 'GET');
      await ask('https://shop.example', 'OPTIONS');
      expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
        'Refused a request from origin https://www.shop.example: to let its pages use the relay, add it to ALLOWED_ORIGINS',
        'Refused a request from origin https://other.example: to let its pages use the relay, add it to ALLOWED_ORIGINS',
      ]);
      expect(lines.filter(({ level }) => level === 'debug')).toHaveLength(3);
    });
  });

  it('is not named when no browser would send it', async () => {
    await withStage({ origins }, async (stage, lines) => {
      for (const origin of [
        'ÕVîä',
        'https://shop.example/',
        'javascript:alert(1)',
        `https://${'x'.repeat(300)}.example`,
      ])
        await stage.request('/api/sessions/x', { headers: { origin } });
      expect(lines.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug', 'debug']);
    });
  });

  it('is not named for ever: what strangers make up fills no log', async () => {
    await withStage({ origins }, async (stage, lines) => {
      for (let i = 0; i < 300; i += 1)
        await stage.request('/api/sessions/x', { headers: { origin: `https://${i}.example` } });
      const warnings = lines.filter(({ level }) => level === 'warn');
      expect(warnings.length).toBeGreaterThan(10);
      expect(warnings.length).toBeLessThanOrEqual(101);
      expect(warnings.at(-1)?.message).toMatch(/more origins .* debug/);
      const before = lines.length;
      await stage.request('/api/sessions/x', { headers: { origin: `https://${'x'.repeat(10_000)}.example` } });
      expect(lines.length).toBe(before + 1);
      expect(JSON.stringify(lines.at(-1)).length).toBeLessThan(1000);
    });
  });
});
