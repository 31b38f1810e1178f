import { describe, expect, it } from 'vitest';
import { clientOf, isOfSession, type Place, placeOf, type Situation } from '../../../src/upstream/sharing/placement.ts';

const QUIET: Situation['main'] = { othersInFlight: false, othersReside: false, resides: false, othersAsking: false };
type Row = [what: string, main: Partial<Situation['main']>, call: Partial<Omit<Situation, 'main'>>, place: Place];

const session = { inSession: true };
const modern = { inSession: false };
const asks = { asks: true };
const own = { hasOwn: true };

const rows: Row[] = [
  // auto: nobody is in the way
  ['a session, first call', {}, session, 'main'],
  ['a session that asks, alone', {}, { ...session, ...asks }, 'main'],
  ['a session that asks, alone, again', { resides: true }, { ...session, ...asks }, 'main'],
  ['a modern call', {}, modern, 'main'],
  ['a modern call that asks, alone', {}, { ...modern, ...asks }, 'main'],
  // auto: others are there
  ['a session that asks beside a call of another', { othersInFlight: true }, { ...session, ...asks }, 'own'],
  ['a session that asks while another lives that may call', { othersReside: true }, { ...session, ...asks }, 'own'],
  ['the same, when it has used the main connection itself', { othersReside: true, resides: true }, { ...session, ...asks }, 'own'],
  ['a modern call that asks beside another call', { othersInFlight: true }, { ...modern, ...asks }, 'spare'],
  ['a modern call that asks while a session lives that may call', { othersReside: true }, { ...modern, ...asks }, 'spare'],
  ['an ordinary call beside others', { othersInFlight: true, othersReside: true }, session, 'main'],
  ['an ordinary modern call beside others', { othersInFlight: true, othersReside: true }, modern, 'main'],
  // auto: somebody else is being asked on the main connection
  ['an ordinary call beside one that asks', { othersAsking: true, othersInFlight: true }, session, 'own'],
  ['an ordinary modern call beside one that asks', { othersAsking: true, othersInFlight: true }, modern, 'spare'],
  ['an ordinary call of a resident beside one found out to ask', { othersAsking: true, resides: true }, session, 'main'],
  ['a call that asks, of a resident, beside one found out to ask', { othersInFlight: true, resides: true }, { ...session, ...asks }, 'own'],
  // auto: once apart, always apart
  ['an ordinary call of a session with its own connection', {}, { ...session, ...own }, 'own'],
  ['one that asks of such a session, alone', {}, { ...session, ...own, ...asks }, 'own'],
  // shared
  ['shared: whatever happens', { othersInFlight: true, othersReside: true }, { ...session, ...asks, isolation: 'shared' }, 'main'],
  ['shared: a modern call', { othersAsking: true, othersInFlight: true }, { ...modern, ...asks, isolation: 'shared' }, 'main'],
  // session
  ['session: the first call', {}, { ...session, isolation: 'session' }, 'own'],
  ['session: every modern call', {}, { ...modern, isolation: 'session' }, 'spare'],
];

describe('the place of a call', () => {
  it.each(rows)('%s', (_, main, call, place) => {
    const all = { isolation: 'auto', inSession: true, hasOwn: false, asks: false, ...call } as const;
    expect(placeOf({ ...all, main: { ...QUIET, ...main } })).toBe(place);
  });

  it('never puts a call that asks where another client is or may come, unless told to share', () => {
    const flags = [false, true];
    const all = flags.flatMap((othersInFlight) =>
      flags.flatMap((othersReside) =>
        flags.flatMap((othersAsking) => flags.map((resides) => ({ othersInFlight, othersReside, othersAsking, resides }))),
      ),
    );
    for (const main of all) {
      const isClear = !main.othersInFlight && !main.othersReside;
      const call = { isolation: 'auto', asks: true, main } as const;
      expect(placeOf({ ...call, inSession: true, hasOwn: false })).toBe(isClear ? 'main' : 'own');
      expect(placeOf({ ...call, inSession: true, hasOwn: true })).toBe('own');
      expect(placeOf({ ...call, inSession: false, hasOwn: false })).toBe(isClear ? 'main' : 'spare');
    }
  });
});

it('a client is a session of a principal; a modern call is a client of its own', () => {
  const era = 'legacy' as const;
  expect(clientOf({ principalId: 'p', sessionId: 's', era })).toBe(clientOf({ principalId: 'p', sessionId: 's', era }));
  expect(clientOf({ principalId: 'p', sessionId: 's', era })).not.toBe(clientOf({ principalId: 'q', sessionId: 's', era }));
  expect(clientOf({ principalId: 'p', era: 'modern' })).toBeUndefined();
  expect(isOfSession(clientOf({ principalId: 'p', sessionId: 's', era }) ?? '', 's')).toBe(true);
  expect(isOfSession(clientOf({ principalId: 'p', sessionId: 'st', era }) ?? '', 's')).toBe(false);
});
