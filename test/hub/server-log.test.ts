import { beforeEach, expect, it } from 'vitest';
import { createLogger, HubError, type LogRecord } from '../../src/base/index.ts';
import { ServerLog } from '../../src/hub/server-log.ts';
import type { UpstreamState } from '../../src/upstream/index.ts';
import { FakeUpstream, listing } from '../support/fake-upstream.ts';

const failure = (message: string): HubError => new HubError('UPSTREAM_EXITED', message);
const down = (message: string, attempt = 1): UpstreamState => ({ kind: 'backoff', untilMs: 9, attempt, last: failure(message) });
const again: UpstreamState = { kind: 'starting', sinceMs: 0, attempt: 2, last: failure('It ended.') };
const ready: UpstreamState = { kind: 'ready', sinceMs: 1, tookMs: 7, identity: listing().identity };

let all: LogRecord[];
let events: LogRecord[];
let log: ServerLog;
let a: FakeUpstream;
beforeEach(() => {
  all = [];
  events = [];
  const file = (record: LogRecord): void => void all.push(record);
  log = new ServerLog({ logger: createLogger([file, (record) => events.push(record)]), failures: createLogger([file]) });
  a = new FakeUpstream('a', listing());
});

const counts = { tools: 2, prompts: 0, resources: 0, resourceTemplates: 0 };
const set = (...states: readonly UpstreamState[]): void => states.forEach((state) => log.tell(a, { name: 'a', state, counts, notes: [] }));
const warnings = (): string[] => all.filter(({ type }) => type === 'warn').map(({ message }) => message);
const debugs = (): string[] => all.filter(({ type }) => type === 'debug').map(({ message }) => message);

it('warns of a failure with its reason, once in the same words', () => {
  set(down('It ended.'), again, down('It ended.', 2), again, down('It ended.', 3));
  expect(warnings()).toEqual(['Server "a" is not running, and is tried again: It ended.']);
  expect(all[0]).toMatchObject({
    type: 'warn',
    code: 'UPSTREAM_EXITED',
    data: { server: 'a', status: 'disconnected', error: 'It ended.' },
  });
  expect(debugs()).toHaveLength(4);
});

it('warns again of another failure, and of the same one after the server was ready, stopped or started anew', () => {
  set(down('It ended.'), again, down('It hangs.', 2));
  expect(warnings().at(-1)).toContain('It hangs.');
  set(ready, down('It hangs.'));
  expect(warnings()).toHaveLength(3);
  set({ kind: 'stopping' }, { kind: 'stopped' }, down('It hangs.'));
  expect(warnings()).toHaveLength(4);
  set({ kind: 'starting', sinceMs: 0, attempt: 1 }, down('It hangs.'));
  expect(warnings()).toHaveLength(5);
});

it('takes output for the same that differs in times and numbers only', () => {
  set(down('It ended with 1.\n  12:00:01 pid 4711 gone'), down('It ended with 1.\n  12:00:09 pid 4712 gone', 2));
  expect(warnings()).toHaveLength(1);
  set(down('It ended with 2.\n  12:00:11 pid 4713 gone', 3));
  expect(warnings()).toHaveLength(2);
});

it('has words for what is wrong with the configuration and for a login', () => {
  set({ kind: 'failed', error: failure('No KEY.') }, { kind: 'auth-required', error: failure('Open x.') });
  expect(warnings()).toEqual(['Server "a" cannot be started as it is configured: No KEY.', 'Server "a" needs a login: Open x.']);
});

it('says in plain words how a server is otherwise, and that it is ready as information', () => {
  set({ kind: 'stopped', reason: 'lazy' }, { kind: 'stopped', reason: 'manual' }, { kind: 'starting', sinceMs: 0, attempt: 1 }, ready);
  expect(debugs()).toEqual([
    'Server "a" is asleep until it is called',
    'Server "a" waits for somebody to start it',
    'Server "a" is starting',
  ]);
  expect(all.at(-1)).toMatchObject({ type: 'info', message: 'Server "a" is ready', data: { tools: 2, tookMs: 7 } });
});

it('leaves failures to those who tell readers of the events of them', () => {
  set(down('It ended.'), ready);
  expect(events.map(({ message }) => message)).toEqual(['Server "a" is ready']);
});
