import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Deferred, deferred } from '../../../src/base/index.ts';
import type { Logins, RemoteLaunch } from '../../../src/upstream/index.ts';
import { eventually } from '../../support/processes.ts';
import { type Reply, ScriptedLogin } from '../../support/scripted-login.ts';

const LONG_MS = 20_000;

let srv: ScriptedLogin;
let all: Logins;
let launch: RemoteLaunch;
let answer: Deferred<Reply>;

/** A login whose next renewal is answered when the test says so. */
beforeEach(async () => {
  srv = await new ScriptedLogin().open();
  all = srv.logins();
  srv.valid.add('access-1').add('access-2');
  launch = await srv.logIn(all);
  srv.valid.delete('access-1');
  answer = deferred<Reply>();
  srv.issuer.token = () => answer.promise;
});
afterEach(async () => {
  answer.resolve({ body: {} });
  await srv.close();
});

const refreshes = (): readonly (string | undefined)[] =>
  srv.issuer.trades.flatMap(({ grant_type, refresh_token }) => (grant_type === 'refresh_token' ? [refresh_token] : []));
const warnings = (): readonly string[] => srv.records.filter(({ type }) => type === 'warn').map(({ message }) => message);

it('waits for a renewal that was sent, and the login is there for the next start', async () => {
  const call = srv.call(launch);
  await eventually('the renewal is sent', () => refreshes().length === 1);
  const state = { isClosed: false };
  const closing = all.close(LONG_MS).then(() => (state.isClosed = true));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(state.isClosed).toBe(false);
  answer.resolve({ body: srv.issuer.tokens() });
  await closing;
  // Not a moment later: the process ends now.
  expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
  expect(await call).toBe(200);
  expect(refreshes()).toEqual(['refresh-1']);
  expect(warnings()).toEqual([]);
});

it('waits no longer than it may, and says which login may be lost', async () => {
  const call = srv.call(launch).catch(() => 0);
  await eventually('the renewal is sent', () => refreshes().length === 1);
  await all.close(50);
  expect(warnings()).toEqual([expect.stringMatching(/"srv".*without the answer.*shutdownTimeout/)]);
  answer.resolve({ body: srv.issuer.tokens() });
  await call;
});

it('waits for nothing else, and sends no renewal any more', async () => {
  const startMs = performance.now();
  await all.close(LONG_MS);
  expect(performance.now() - startMs).toBeLessThan(LONG_MS / 2);
  await expect(srv.call(launch)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  expect(refreshes()).toEqual([]);
  answer.resolve({ body: srv.issuer.tokens() });
  expect(await srv.call(srv.launch(srv.logins()))).toBe(200);
  expect(refreshes()).toEqual(['refresh-1']);
});
