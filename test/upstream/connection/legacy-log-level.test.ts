import { describe, expect, it } from 'vitest';
import { createLogger, deferred, HubError } from '../../../src/base/index.ts';
import type { NotificationMessage, Outcome } from '../../../src/protocol/index.ts';
import { LegacyLogLevel } from '../../../src/upstream/connection/legacy-log-level.ts';

function scene(answer: (level: string) => Outcome | Promise<Outcome> = () => ({ result: {} })) {
  const asked: string[] = [];
  const warnings: string[] = [];
  const level = new LegacyLogLevel({
    id: 'srv',
    logger: createLogger([({ message }) => void warnings.push(message)]),
    ask: async (wanted) => {
      asked.push(wanted);
      return answer(wanted);
    },
  });
  return { level, asked, warnings };
}

const message = (level: string): NotificationMessage => ({ jsonrpc: '2.0', method: 'notifications/message', params: { level } });

describe('the level of a legacy server', () => {
  it('is left to the server until somebody wants one, told when it changes, and lowered to info at last', async () => {
    const { level, asked } = scene();
    for (const wanted of [undefined, 'debug', 'debug', 'error', undefined, undefined]) await level.set(wanted);
    expect(asked).toEqual(['debug', 'error', 'info']);
  });

  it('is told one at a time, the newest last', async () => {
    const first = deferred<Outcome>();
    const { level, asked } = scene((wanted) => (wanted === 'debug' ? first.promise : { result: {} }));
    const all = Promise.all([level.set('debug'), level.set('info'), level.set('error')]);
    expect(asked).toEqual(['debug']);
    first.resolve({ result: {} });
    await all;
    expect(asked).toEqual(['debug', 'error']);
  });

  it('is not asked for again when it was refused or not answered', async () => {
    const refusing = scene(() => ({ error: { code: -32602, message: 'no' } }));
    await refusing.level.set('debug');
    await refusing.level.set('debug');
    expect([refusing.asked, refusing.warnings.length]).toEqual([['debug'], 1]);
    const silent = scene(() => {
      throw new HubError('TIMEOUT', 'too slow');
    });
    await expect(silent.level.set('debug')).rejects.toMatchObject({ code: 'TIMEOUT' });
    await silent.level.set('debug');
    expect(silent.asked).toEqual(['debug']);
  });

  it('says whom a message is meant for', async () => {
    const { level } = scene();
    const silent = { era: 'legacy' } as const;
    expect(level.isMeantFor(message('debug'), silent)).toBe(true);
    await level.set('debug');
    expect(level.isMeantFor(message('debug'), silent)).toBe(false);
    expect(level.isMeantFor(message('info'), silent)).toBe(true);
    expect(level.isMeantFor(message('debug'), { era: 'legacy', logLevel: 'debug' })).toBe(true);
    expect(level.isMeantFor(message('debug'), { era: 'modern' })).toBe(true);
  });
});
