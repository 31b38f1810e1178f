import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import type { StdioDefinition } from '../../src/config/index.ts';
import type { Offers } from '../../src/upstream/incarnation.ts';
import { settle } from '../support/fake-clock.ts';
import { listingOf, ScriptedConnection } from '../support/scripted-connect.ts';
import { anyCall, scriptedPool } from '../support/scripted-pool.ts';

const exit = new HubError('UPSTREAM_EXITED', 'It exited.');
const taken = new HubError('UPSTREAM_EXITED', 'It exited: address already in use.');

const remembering: Offers = { recall: () => listingOf('before'), remember: () => {}, settled: async () => {} };

/** One server, and all that may happen to it. */
function scene({ isKnown, ...given }: Partial<StdioDefinition> & { readonly isKnown: boolean }) {
  const all = scriptedPool(given, isKnown ? remembering : undefined);
  const { upstream, calls, clock, edit } = all;
  const made: ScriptedConnection[] = [];
  const answers: Promise<unknown>[] = [];
  let decided = 0;
  let edits = 0;
  /** Ends every start that is under way. */
  const decide = (how: (index: number) => void): void => {
    for (; decided < calls.length; decided += 1) how(decided);
  };
  const connect = (index: number): void => {
    const connection = new ScriptedConnection();
    made.push(connection);
    calls[index]?.outcome.resolve(connection);
  };
  const steps = {
    start: () => upstream.start(),
    stop: () => void upstream.stop(),
    restart: () => void upstream.restart(),
    edit: () => void edit({ args: [String((edits += 1))] }),
    wake: () => upstream.wake(),
    call: () => void answers.push(upstream.request(anyCall).catch((error: unknown) => error)),
    crash: () => calls.forEach(({ options }) => options.on.closed(exit)),
    pause: () => clock.advance(300),
    'long pause': () => clock.advance(70_000),
    connect: () => decide(connect),
    refuse: () => decide((index) => calls[index]?.outcome.reject(exit)),
    taken: () => decide((index) => calls[index]?.outcome.reject(taken)),
  };
  const open = (): ScriptedConnection[] => made.filter(({ log }) => !log.includes('close'));
  return { ...all, steps, answers, open };
}

const STEPS = [
  'start',
  'stop',
  'restart',
  'edit',
  'wake',
  'call',
  'crash',
  'pause',
  'long pause',
  'connect',
  'connect',
  'refuse',
  'taken',
] as const;

it('leaves nothing behind, whatever happens in whatever order, and answers every call', async () => {
  const definition = fc.record({
    start: fc.constantFrom('eager', 'lazy', 'manual'),
    restart: fc.constantFrom('overlap', 'stop-first'),
    idleTimeoutMs: fc.constantFrom(500, 40_000),
    isKnown: fc.boolean(),
  });
  const property = fc.asyncProperty(definition, fc.array(fc.constantFrom(...STEPS), { maxLength: 40 }), async (given, steps) => {
    const { pool, upstream, clock, kinds, open, answers, steps: actions } = scene(given);
    pool.startAll();
    for (const step of steps) {
      await actions[step]();
      await settle();
      expect(upstream.unavailable() === undefined).toBe(upstream.state.kind === 'ready');
      expect(open().length).toBeLessThanOrEqual(given.restart === 'stop-first' ? 1 : 4);
    }
    const stopped = pool.stopAll();
    actions.connect();
    await clock.advance(10_000);
    await Promise.all([stopped, ...answers]);
    expect([open(), clock.pending, upstream.listing]).toEqual([[], 0, undefined]);
    expect(['stopped', 'disabled']).toContain(upstream.state.kind);
    expect(kinds.length).toBeLessThan(500);
  });
  await fc.assert(property, { numRuns: 300 });
}, 60_000);
