import { describe, expect, it } from 'vitest';
import { createLogger, type LogRecord } from '../../src/base/index.ts';
import { ServiceNotify } from '../../src/cli/service-notify.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

function notify(env: NodeJS.ProcessEnv, send?: (assignments: readonly string[]) => Promise<void>) {
  const clock = new FakeClock();
  const records: LogRecord[] = [];
  const sent: string[] = [];
  const made = new ServiceNotify({
    env,
    pid: 42,
    clock,
    logger: createLogger([(record) => void records.push(record)]),
    monotonicUsec: () => 123n,
    send: send ?? (async (assignments) => void sent.push(assignments.join(' '))),
  });
  return { clock, records, sent, made };
}

const SOCKET = { NOTIFY_SOCKET: '/run/x' };

describe('ServiceNotify', () => {
  it.each([{}, { NOTIFY_SOCKET: '' }])('says nothing to nobody: %j', async (env) => {
    const { made, sent, clock } = notify({ ...env, WATCHDOG_USEC: '1000000' });
    made.ready();
    await made.reloading(async () => {});
    made.stopping();
    await made.close();
    expect([sent, clock.pending]).toEqual([[], 0]);
  });

  it('tells that the hub is ready, loads its config again, and stops, in this order', async () => {
    const { made, sent } = notify(SOCKET);
    made.ready();
    await made.reloading(async () => {
      await settle();
      expect(sent).toEqual(['READY=1', 'RELOADING=1 MONOTONIC_USEC=123']);
    });
    made.stopping();
    await made.close();
    expect(sent).toEqual(['READY=1', 'RELOADING=1 MONOTONIC_USEC=123', 'READY=1', 'STOPPING=1']);
  });

  it('is ready again after a config that could not be loaded', async () => {
    const { made, sent } = notify(SOCKET);
    await expect(made.reloading(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await made.close();
    expect(sent.at(-1)).toBe('READY=1');
  });

  it.each([
    [{ WATCHDOG_USEC: '10000000' }, 4],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '42' }, 4],
    [{ WATCHDOG_USEC: '10000000', WATCHDOG_PID: '43' }, 0],
    [{ WATCHDOG_USEC: 'x' }, 0],
    [{}, 0],
  ])('with %j it tells %i times in twenty seconds that the hub is alive', async (env, times) => {
    const { made, sent, clock } = notify({ ...SOCKET, ...env });
    made.ready();
    await clock.advance(20_000);
    expect(sent.filter((one) => one === 'WATCHDOG=1')).toHaveLength(times);
    await made.close();
    expect(clock.pending).toBe(0);
  });

  it('warns once when nobody can be told, and goes on', async () => {
    const { made, records } = notify(SOCKET, () => Promise.reject(new Error('spawn systemd-notify ENOENT')));
    made.ready();
    made.stopping();
    await made.close();
    expect(records.map(({ type, message }) => `${type} ${message}`)).toEqual([expect.stringContaining('warn The service manager')]);
  });

  it('waits a second at most for its last message', async () => {
    const { made, clock } = notify(SOCKET, () => new Promise(() => {}));
    made.stopping();
    let isClosed = false;
    void made.close().then(() => (isClosed = true));
    await clock.advance(999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    expect(isClosed).toBe(true);
  });
});
