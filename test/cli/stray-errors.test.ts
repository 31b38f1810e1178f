import { describe, expect, it } from 'vitest';
import { createLogger, type LogRecord } from '../../src/base/index.ts';
import { StrayErrors } from '../../src/cli/stray-errors.ts';
import { FakeClock } from '../support/fake-clock.ts';

function strays() {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const state = { ends: 0 };
  const made = new StrayErrors({
    clock,
    logger: createLogger([(record) => void records.push(record)]),
    redact: (text) => text.replaceAll('s3cret', '[redacted]'),
    onTooMany: () => (state.ends += 1),
  });
  const messages = (): string[] => records.map(({ message }) => message);
  return { clock, records, messages, state, made };
}

const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });

describe('StrayErrors', () => {
  it('tells of an error once, with its code, and again when it comes after a minute', async () => {
    const { made, clock, messages, records } = strays();
    for (let n = 0; n < 50; n += 1) made.take('uncaughtException', reset);
    expect(messages()).toEqual([
      'A failure of the system (ECONNRESET) that nothing in the hub waits for (uncaughtException): read ECONNRESET. It goes on.',
    ]);
    expect(records[0]).toMatchObject({ type: 'error', code: 'UNHANDLED_ERROR' });
    await clock.advance(60_000);
    made.take('uncaughtException', reset);
    expect(messages()).toHaveLength(2);
  });

  it('tells of one without the secrets in it', () => {
    const { made, records } = strays();
    made.take('unhandledRejection', new Error('spawn s3cret ENOENT'));
    expect(records[0]?.message).toContain('spawn [redacted] ENOENT');
    expect(records[0]?.data['stack']).toContain('spawn [redacted] ENOENT');
    expect(JSON.stringify(records)).not.toContain('s3cret');
  });

  it.each([
    ['failures of the system', 'uncaughtException', () => reset],
    ['rejections', 'unhandledRejection', (n: number) => new Error(`mistake ${n}`)],
    ['rejections with anything', 'unhandledRejection', (n: number) => n],
  ] as const)('never ends the hub because of %s', (_, kind, error) => {
    const { made, state } = strays();
    for (let n = 0; n < 1_000; n += 1) made.take(kind, error(n));
    expect(state.ends).toBe(0);
  });

  it('ends it once when exceptions that are mistakes come in numbers', () => {
    const { made, state, messages } = strays();
    for (let n = 0; n < 19; n += 1) made.take('uncaughtException', new Error('mistake'));
    expect([state.ends, messages().length]).toEqual([0, 1]);
    for (let n = 0; n < 5; n += 1) made.take('uncaughtException', new Error('mistake'));
    expect(state.ends).toBe(1);
    expect(messages().at(-1)).toContain('its state is not known any more. It is stopping.');
  });

  it('goes on when they come one at a time', async () => {
    const { made, clock, state } = strays();
    for (let n = 0; n < 100; n += 1) {
      made.take('uncaughtException', new Error(`mistake ${n}`));
      await clock.advance(4_000);
    }
    expect(state.ends).toBe(0);
  });
});
