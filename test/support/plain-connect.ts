import { deferred, type HubError } from '../../src/base/index.ts';
import type { Listing, ServerIdentity } from '../../src/catalog/index.ts';
import { isObject, isResponse, type JsonObject, notification, type Outcome, outcomeOf, request } from '../../src/protocol/index.ts';
import type { Connect } from '../../src/upstream/connection/connect.ts';
import type { Transport } from '../../src/upstream/index.ts';
import { listingOf } from './scripted-connect.ts';

/** Asks over a transport, as plainly as can be: no time limit, every request fails with the link. */
function asker(transport: Transport): (method: string, params?: JsonObject) => Promise<Outcome> {
  const waiting = new Map<unknown, { resolve(outcome: Outcome): void; reject(error: unknown): void }>();
  let gone: HubError | undefined;
  transport.on('message', ({ message }) => {
    if (isResponse(message)) waiting.get(message.id)?.resolve(outcomeOf(message));
  });
  transport.on('closed', (error) => {
    gone = error;
    for (const one of waiting.values()) one.reject(error);
  });
  return async (method, params = {}) => {
    if (gone) throw gone;
    const id = waiting.size;
    const answer = deferred<Outcome>();
    waiting.set(id, answer);
    await transport.send(request(id, method, params))?.catch(answer.reject);
    return answer.promise;
  };
}

/** A connection to a legacy stdio server, just enough to see supervisor, pool and processes work together. */
export const plainConnect: Connect = async (launch, { signal, createStdioTransport, on }) => {
  if (launch.kind !== 'stdio') throw new Error('stdio only');
  const transport = createStdioTransport(launch);
  const ask = asker(transport);
  await transport.open(signal);
  const hello = await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
  await transport.send(notification('notifications/initialized'));
  const tools = (await ask('tools/list')).result?.['tools'];
  const names = Array.isArray(tools) ? tools.map((tool) => String(isObject(tool) && tool['name'])) : [];
  const listing: Listing = listingOf(...names);
  const serverInfo = hello.result?.['serverInfo'];
  const identity: ServerIdentity = { ...listing.identity, serverInfo: isObject(serverInfo) ? serverInfo : {} };
  transport.on('closed', on.closed);
  return {
    identity,
    listing,
    resourceChanges: 0,
    listHint: () => undefined,
    freshen: () => undefined,
    refresh: async () => {},
    notify: () => {},
    request: async ({ method, params }) => ({ era: 'legacy', outcome: await ask(method, params) }),
    setSubscribedResources: async () => new Map(),
    setWatchedTasks: async () => new Set<string>(),
    setLogLevel: async () => {},
    rootsChanged: () => {},
    close: () => transport.close(),
  };
};
