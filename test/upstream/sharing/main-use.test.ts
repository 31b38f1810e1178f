import { describe, expect, it } from 'vitest';
import { AskingTools } from '../../../src/upstream/sharing/asking-tools.ts';
import { MainUse } from '../../../src/upstream/sharing/main-use.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { isCollected } from '../../support/garbage.ts';

const call = { method: 'tools/call', params: { name: 't' } };

describe('the use of a shared connection', () => {
  it('is seen by others, and not by the client itself', () => {
    const use = new MainUse(new FakeClock());
    const running = use.begin('s p', call, true);
    expect(use.seenBy('s p', true)).toEqual({ resides: true, othersReside: false, othersInFlight: false, othersAsking: false });
    expect(use.seenBy('t p', true)).toEqual({ resides: false, othersReside: true, othersInFlight: true, othersAsking: true });
    use.end(running, true);
    expect(use.seenBy('t p', true)).toEqual({ resides: false, othersReside: true, othersInFlight: false, othersAsking: false });
    use.endSession('s');
    expect(use.seenBy('t p', true)).toMatchObject({ othersReside: false });
  });

  it('of a modern call is another client’s to everybody, and over when it is', () => {
    const use = new MainUse(new FakeClock());
    const running = use.begin(undefined, call, false);
    expect(use.seenBy(undefined, true)).toMatchObject({ othersInFlight: true, othersReside: false });
    use.end(running, true);
    expect(use.seenBy(undefined, true)).toMatchObject({ othersInFlight: false, othersReside: false });
  });

  it('lasts half a minute longer when the call was not answered', async () => {
    const clock = new FakeClock();
    const use = new MainUse(clock);
    use.end(use.begin(undefined, call, false), false);
    await clock.advance(29_999);
    expect(use.seenBy('s p', true)).toMatchObject({ othersInFlight: true });
    await clock.advance(1);
    expect(use.seenBy('s p', true)).toMatchObject({ othersInFlight: false });
  });

  it('may turn out to ask while it runs', () => {
    const use = new MainUse(new FakeClock());
    const asking = new AskingTools();
    const running = use.begin('s p', call, false);
    expect(use.seenBy('t p', false)).toMatchObject({ othersAsking: false });
    asking.learn(call);
    use.learned(asking);
    expect(use.seenBy('t p', false)).toMatchObject({ othersAsking: true });
    use.end(running, true);
    expect(use.seenBy('t p', false)).toMatchObject({ othersAsking: false });
  });
});

describe('tools that ask', () => {
  it('are told apart by method and name or URI', () => {
    const asking = new AskingTools();
    asking.learn(call);
    asking.learn({ method: 'resources/read', params: { uri: 'a:b' } });
    expect(asking.has({ method: 'tools/call', params: { name: 't', arguments: {} } })).toBe(true);
    expect(asking.has({ method: 'tools/call', params: { name: 'u' } })).toBe(false);
    expect(asking.has({ method: 'prompts/get', params: { name: 't' } })).toBe(false);
    expect(asking.has({ method: 'resources/read', params: { uri: 'a:b' } })).toBe(true);
  });

  it('are a thousand at most', () => {
    const asking = new AskingTools();
    for (let n = 0; n <= 1_000; n += 1) asking.learn({ method: 'tools/call', params: { name: `t${n}` } });
    expect(asking.has({ method: 'tools/call', params: { name: 't0' } })).toBe(false);
    expect(asking.has({ method: 'tools/call', params: { name: 't1000' } })).toBe(true);
  });

  it('keeps nothing of a call that was taken back but whose it was', async () => {
    const use = new MainUse(new FakeClock());
    const taken = (): WeakRef<object> => {
      const called = { ...call };
      use.end(use.begin('s p', called, false), false);
      return new WeakRef(called);
    };
    const gone = taken();
    expect(use.seenBy('t p', true)).toMatchObject({ othersInFlight: true });
    expect(await isCollected(gone)).toBe(true);
  });
});
