import type { ServerDefinition, StdioDefinition } from '../../src/config/index.ts';
import type { LogRecord } from '../../src/base/index.ts';
import { createLogger } from '../../src/base/index.ts';
import type { Offers } from '../../src/upstream/incarnation.ts';
import { Pool, type Upstream, type UpstreamRequest } from '../../src/upstream/index.ts';
import { FakeClock, settle } from './fake-clock.ts';
import { definitionOf } from './fake-upstream.ts';
import { fixtureLaunch } from './fixtures.ts';
import { type ConnectCall, ScriptedConnection, scriptedConnect } from './scripted-connect.ts';

/** A call of a modern client that is never taken back. */
export const anyCall: UpstreamRequest = {
  method: 'tools/call',
  origin: { principalId: 'local', era: 'legacy' },
  signal: new AbortController().signal,
};

export interface ScriptedPool {
  readonly pool: Pool;
  readonly clock: FakeClock;
  readonly upstream: Upstream;
  readonly calls: ConnectCall[];
  readonly kinds: string[];
  readonly lists: (string | undefined)[];
  readonly records: LogRecord[];
  /** Answers the newest start. */
  connectNext(connection?: ScriptedConnection): Promise<ScriptedConnection>;
  /** Gives the server another definition, as a change of the config does. */
  edit(more: Partial<StdioDefinition>): Promise<void>;
}

/** A pool with one server, `a`, whose connections are the test's to make. */
export function scriptedPool(more: Partial<StdioDefinition> = {}, offers?: Offers): ScriptedPool {
  const clock = new FakeClock();
  const { calls, connect } = scriptedConnect();
  const records: LogRecord[] = [];
  const definition: ServerDefinition = definitionOf('a', more);
  const pool = new Pool({
    definitions: [definition],
    startupWaitMs: () => 5_000,
    clock,
    connect,
    logger: createLogger([(record) => records.push(record)]),
    random: () => 0,
    resolveLaunch: async () => fixtureLaunch('echo'),
    offers,
  });
  const upstream = pool.get('a');
  if (!upstream) throw new Error('unreachable');
  const kinds: string[] = [];
  const lists: (string | undefined)[] = [];
  pool.on('state', ({ state }) => kinds.push(state.kind));
  pool.on('listing', ({ listing }) => lists.push(listing?.items.tools.map(({ name }) => name).join(' ')));
  const connectNext = async (connection = new ScriptedConnection()): Promise<ScriptedConnection> => {
    await settle();
    calls.at(-1)?.outcome.resolve(connection);
    await settle();
    return connection;
  };
  const edit = (changed: Partial<StdioDefinition>): Promise<void> =>
    pool.apply([definitionOf('a', { ...more, ...changed })], new Set(['a']));
  return { pool, clock, upstream, calls, kinds, lists, records, connectNext, edit };
}
