import { describe, expect, it } from 'vitest';
import { type Deferred, deferred, HubError } from '../../src/base/index.ts';
import { LostLogin } from '../../src/upstream/lost-login.ts';
import { settle } from '../support/fake-clock.ts';

const refusal = new HubError('UNAUTHORIZED', 'Log in.', { details: { awaitsLogin: true } });

function watched() {
  const told: HubError[] = [];
  let running = 0;
  const login = new LostLogin({ isRunning: () => running > 0, lost: (error) => told.push(error) });
  const begin = (): Deferred<string> => {
    const end = deferred<string>();
    running += 1;
    login.watch(() => end.promise.finally(() => (running -= 1))).catch(() => undefined);
    return end;
  };
  return { login, told, begin };
}

describe('a login that is lost while the server runs', () => {
  it('is told once nothing runs any more that was let in before', async () => {
    const { told, begin } = watched();
    const [first, second, third] = [begin(), begin(), begin()];
    second.reject(refusal);
    third.reject(refusal);
    await settle();
    expect(told).toEqual([]);
    first.resolve('done');
    await settle();
    expect(told).toEqual([refusal]);
    begin().resolve('done');
    await settle();
    expect(told).toHaveLength(1);
  });

  it('is none when a request that was sent after the refusal is let in, or somebody has logged in', async () => {
    const { login, told, begin } = watched();
    const long = begin();
    begin().reject(refusal);
    await settle();
    begin().resolve('let in');
    await settle();
    long.resolve('done');
    await settle();
    const other = begin();
    begin().reject(refusal);
    await settle();
    login.forget();
    other.resolve('done');
    await settle();
    expect(told).toEqual([]);
  });

  it('is not what other refusals say', async () => {
    const { told, begin } = watched();
    begin().reject(new HubError('UNAUTHORIZED', 'Not for you.'));
    begin().reject(new HubError('TIMEOUT', 'Too late.'));
    await settle();
    expect(told).toEqual([]);
  });
});
