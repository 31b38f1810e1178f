import { expect, it } from 'vitest';
import { createLogger, HubError, type LogRecord } from '../../src/base/index.ts';
import type { RefusedResources } from '../../src/upstream/index.ts';
import { StandingWishes } from '../../src/upstream/standing-wishes.ts';
import { settle } from '../support/fake-clock.ts';
import { ScriptedConnection } from '../support/scripted-connect.ts';

async function wishes(): Promise<{ standing: StandingWishes; records: LogRecord[] }> {
  const standing = new StandingWishes();
  await standing.setUris(new Set(['x://1', 'x://2']), undefined);
  await standing.setTaskIds(new Set(['t']), undefined);
  await standing.setLogLevel('debug', undefined);
  return { standing, records: [] };
}

it('a new connection is told of everything at once, whatever its server does not answer', async () => {
  const { standing, records } = await wishes();
  const silent = new ScriptedConnection();
  silent.setSubscribedResources = () => new Promise<RefusedResources>(() => undefined);
  void standing.applyTo(silent, 'srv', createLogger([(record) => records.push(record)]));
  await settle();
  expect(silent.log).toEqual(['watch t', 'level debug']);
});

it('a new connection that does not take one thing is told the others, and what is watched there is what it has taken', async () => {
  const { standing, records } = await wishes();
  const connection = new ScriptedConnection();
  connection.refused.set('x://1', { code: -32602, message: 'no' });
  connection.setWatchedTasks = () => Promise.reject(new HubError('TIMEOUT', 'No answer.'));
  const watched = await standing.applyTo(connection, 'srv', createLogger([(record) => records.push(record)]));
  expect(watched).toEqual(['x://2']);
  expect(connection.log).toEqual(['subscribe x://1 x://2', 'level debug']);
  expect(records.map(({ message }) => message)).toEqual([expect.stringContaining('No answer.')]);
});

it('what one connection has refused is no concern of the next', async () => {
  const { standing, records } = await wishes();
  const logger = createLogger([(record) => records.push(record)]);
  await standing.setTaskIds(new Set(), undefined);
  const strict = new ScriptedConnection();
  for (const uri of ['x://1', 'x://2']) strict.refused.set(uri, { code: -32602, message: 'no' });
  expect(await standing.applyTo(strict, 'srv', logger)).toEqual([]);
  expect(standing.isListening).toBe(false);
  expect(await standing.applyTo(new ScriptedConnection(), 'srv', logger)).toEqual(['x://1', 'x://2']);
  expect(standing.isListening).toBe(true);
});
