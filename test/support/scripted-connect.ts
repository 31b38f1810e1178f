import { type Deferred, deferred } from '../../src/base/index.ts';
import type { Listing, ServerIdentity } from '../../src/catalog/index.ts';
import type { Era, RpcError } from '../../src/protocol/index.ts';
import type { Connect, ConnectOptions } from '../../src/upstream/connection/connect.ts';
import type { Connection, Launch, RefusedResources } from '../../src/upstream/index.ts';

function identityOf(era: Era = 'legacy'): ServerIdentity {
  return { era, protocolVersion: '2025-11-25', serverInfo: { name: 'x', version: '1' }, capabilities: {} };
}

/** A listing of tools with these names. */
export function listingOf(...tools: string[]): Listing {
  return {
    identity: identityOf(),
    items: { tools: tools.map((name) => ({ name })), prompts: [], resources: [], resourceTemplates: [] },
  };
}

/** One call of `connect`, to be answered by the test. */
export interface ConnectCall {
  readonly launch: Launch;
  readonly options: ConnectOptions;
  readonly outcome: Deferred<Connection>;
}

/** A connection that notes what is done to it. */
export class ScriptedConnection implements Connection {
  readonly identity: ServerIdentity;
  readonly listing: Listing;
  isEraGuessed = false;
  readonly log: string[] = [];
  closing: Promise<void> = Promise.resolve();
  readonly resourceChanges = 0;

  constructor(listing: Listing = listingOf('a'), era: Era = 'legacy') {
    this.listing = listing;
    this.identity = identityOf(era);
  }

  request: Connection['request'] = async ({ method }) => {
    this.log.push(method);
    return { era: this.identity.era, outcome: { result: { method } } };
  };

  listHint(): undefined {
    return undefined;
  }

  notify({ method }: { readonly method: string }): void {
    this.log.push(method);
  }

  freshen(): undefined {
    return undefined;
  }

  async refresh(): Promise<void> {
    this.log.push('refresh');
  }

  async setWatchedTasks(taskIds: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    this.log.push(`watch ${[...taskIds].join(' ')}`);
    return taskIds;
  }

  /** What it refuses to tell of. */
  readonly refused = new Map<string, RpcError>();

  async setSubscribedResources(uris: ReadonlySet<string>): Promise<RefusedResources> {
    this.log.push(`subscribe ${[...uris].join(' ')}`);
    return new Map([...this.refused].filter(([uri]) => uris.has(uri)));
  }

  async setLogLevel(level: string | undefined): Promise<void> {
    this.log.push(`level ${level}`);
  }

  rootsChanged(): void {
    this.log.push('roots');
  }

  close(): Promise<void> {
    this.log.push('close');
    return this.closing;
  }
}

/** A {@link Connect} whose every call waits for the test to decide. */
export function scriptedConnect(): { readonly calls: ConnectCall[]; readonly connect: Connect } {
  const calls: ConnectCall[] = [];
  const connect: Connect = (launch, options) => {
    const outcome = deferred<Connection>();
    calls.push({ launch, options, outcome });
    return outcome.promise;
  };
  return { calls, connect };
}
