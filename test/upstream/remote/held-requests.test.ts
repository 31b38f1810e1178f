import { describe, expect, it } from 'vitest';
import { HubError } from '../../../src/base/index.ts';
import { provablyNotRun } from '../../../src/upstream/not-run.ts';
import { HeldRequests, type Sending } from '../../../src/upstream/remote/held-requests.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const refused = new HubError('CONNECTION_ERROR', 'It refuses the connection.');
const sending = (id: number): Sending => ({ request: { jsonrpc: '2.0', id, method: 'tools/call' }, options: {}, refusals: 0 });

function scene() {
  const clock = new FakeClock();
  const now = { isAway: true, sent: [] as unknown[], failed: [] as unknown[], outages: 0 };
  const held: HeldRequests = new HeldRequests({
    clock,
    send: (one) => {
      if (now.isAway) held.unreachable(one, refused);
      else now.sent.push(one.request.id);
    },
    fail: (id, error) => now.failed.push([id, provablyNotRun(error)]),
    onOutage: () => (now.outages += 1),
  });
  return { clock, now, held };
}

describe('requests that found nobody to connect to', () => {
  it('are sent when the server is there again, but for one that was taken back', async () => {
    const { clock, now, held } = scene();
    for (const id of [1, 2, 3]) held.unreachable(sending(id), refused);
    expect([held.withdraw(2), held.withdraw(9)]).toEqual([{ refusal: refused }, undefined]);
    await clock.advance(5_000);
    expect(now.sent).toEqual([]);
    now.isAway = false;
    await clock.advance(1_000);
    expect([now.sent, now.failed, now.outages, clock.pending]).toEqual([[1, 3], [], 0, 0]);
  });

  it('fail, without having run, when it stays away', async () => {
    const { clock, now, held } = scene();
    for (const id of [1, 2]) held.unreachable(sending(id), refused);
    await clock.advance(17_000);
    expect(now.failed.toSorted()).toEqual([
      [1, true],
      [2, true],
    ]);
    expect([now.sent, now.outages > 0, clock.pending]).toEqual([[], true, 0]);
  });

  it('fail at once, without having run, when they can be sent elsewhere; the outage shows', () => {
    const { clock, now, held } = scene();
    held.unreachable({ ...sending(1), options: { hasOtherPlaces: true } }, refused);
    expect([now.failed, now.outages, clock.pending]).toEqual([[[1, true]], 1, 0]);
  });
});
