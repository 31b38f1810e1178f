import * as fc from 'fast-check';
import { HubError, isHubError, Secret } from '../../../src/base/index.ts';
import { buildCatalog } from '../../../src/catalog/index.ts';
import { isObject, LIST_KINDS, messageKind, type RequestMessage } from '../../../src/protocol/index.ts';
import type { Listing } from '../../../src/catalog/index.ts';
import type { StdioLaunch } from '../../../src/upstream/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { connectTo, toolCall } from '../../support/remote.ts';
import { ScriptedTransport } from '../../support/scripted-transport.ts';
import { replies, type ServerReply, unasked } from '../arbitraries/server.ts';
import { cases, pure, type Suite } from '../suite.ts';

const launch: StdioLaunch = { kind: 'stdio', command: new Secret('x'), args: [], env: {}, label: 'x', redact: (text) => text };

type Replies = typeof replies extends fc.Arbitrary<infer T> ? T : never;

/** A server that says whatever it likes; as on a pipe, what is no JSON-RPC message goes no further. */
function hostile(said: Replies): ScriptedTransport {
  const byMethod: ReadonlyMap<string, ServerReply> = new Map(Object.entries(said));
  const transport: ScriptedTransport = new ScriptedTransport({
    script: ({ method, id }: RequestMessage) => {
      const reply = byMethod.get(method) ?? said.other;
      if (!reply.isSilent)
        queueMicrotask(() =>
          deliver(transport, { jsonrpc: '2.0', id: reply.wrongId ?? id, ...(isObject(reply.members) && reply.members) }),
        );
      return 'silence';
    },
  });
  return transport;
}

function deliver(transport: ScriptedTransport, message: object): void {
  if (messageKind(message) !== undefined) transport.receive(message);
}

/** So long the clock runs for one step, in milliseconds: longer than every limit that is given here. */
const STEP_MS = 20_000;

/** Waits for what takes time on a clock that stands still. */
async function within<T>(clock: FakeClock, work: Promise<T>): Promise<T | HubError> {
  const outcome = work.catch((error: unknown) => {
    if (isHubError(error)) return error;
    throw error;
  });
  const over = new AbortController();
  outcome.then(
    () => over.abort(),
    () => over.abort(),
  );
  // Most of it needs no time at all.
  for (let turn = 0; turn < 5 && !over.signal.aborted; turn += 1) await settle();
  for (let step = 0; step < 12 && !over.signal.aborted; step += 1) await clock.advance(STEP_MS);
  if (!over.signal.aborted) throw new Error('It waits for ever.');
  return outcome;
}

async function tryServer(said: Replies, more: readonly object[]): Promise<'connected' | 'refused'> {
  const clock = new FakeClock();
  const stop = new AbortController();
  const start = clock.after(8_000, () => stop.abort(new HubError('TIMEOUT', 'too slow')));
  const transport = hostile(said);
  const listings: Listing[] = [];
  const noEvent = (): undefined => undefined;
  const on = {
    listing: (one: Listing) => void listings.push(one),
    resourceUpdated: noEvent,
    taskChanged: noEvent,
    logMessage: noEvent,
    degraded: noEvent,
    listFailed: () => undefined,
    asked: noEvent,
    forSession: noEvent,
    closed: noEvent,
  };
  const connecting = connectTo(launch, {
    clock,
    signal: stop.signal,
    requestTimeoutMs: () => 1_000,
    createStdioTransport: () => transport,
    on,
  });
  const connected = await within(clock, connecting);
  start.dispose();
  if (connected instanceof HubError) return 'refused';
  const { connection } = connected;
  for (const message of more) deliver(transport, message);
  const call = await within(clock, connection.request(toolCall('t', { params: { name: 't', _meta: { progressToken: 'p' } } })));
  if (!(call instanceof HubError) && call.outcome.result === undefined && call.outcome.error === undefined)
    throw new Error('A call without an outcome.');
  for (const message of more) deliver(transport, message);
  await within(clock, settle());
  for (const listing of [connection.listing, ...listings]) look(listing);
  await within(clock, connection.close());
  return 'connected';
}

/** What the hub makes of an offer for its clients. */
function look(listing: Listing): void {
  const { all, only } = buildCatalog({ servers: [{ id: 'srv', listing }, { id: 'other' }], maxNameLength: 54 });
  for (const view of [all, only('srv')]) {
    for (const kind of LIST_KINDS) JSON.stringify(view?.list(kind));
    view?.tool('srv__t');
    view?.plainTool('t');
    view?.resource('x://a');
    view?.template('x://{a}');
    view?.closest('tools', 'srv__x');
  }
}

const good = (result: object): ServerReply => ({ members: JSON.parse(JSON.stringify({ result })), isSilent: false });

async function alive(): Promise<void> {
  const [first] = fc.sample(replies, 1);
  if (!first) throw new Error('no sample');
  const calm: Replies = {
    ...first,
    'server/discover': { members: { error: { code: -32601, message: 'no' } }, isSilent: false },
    initialize: good({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'g', version: '1' } }),
    'tools/list': good({ tools: [{ name: 't', inputSchema: { type: 'object' } }] }),
    'tools/call': good({ content: [] }),
  };
  if ((await tryServer(calm, [])) !== 'connected') throw new Error('A good server is refused.');
}

const check = cases(fc.tuple(replies, unasked), async ([said, more]) => void (await tryServer(said, more)));

/** A server whose every answer is made up: handshake, lists, results, notifications, questions. */
export const serverAnswers: Suite = { name: 'server-answers', start: pure(check, alive) };
