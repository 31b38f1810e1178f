import { type Clock, deferred, HubError, lastOutput, type Logger, messageOf, withDeadline } from '../base/index.ts';
import type { Listing } from '../catalog/index.ts';
import type { RemoteDefinition, StdioDefinition } from '../config/index.ts';
import type { Era } from '../protocol/index.ts';
import type { Connect, ConnectionListener, ConnectOptions } from './connection/connect.ts';
import type { EnvironmentName } from './launch-environment.ts';
import type { Launch, StdioLaunch } from './launch.ts';
import { noiseAdvice } from './process/noise.ts';
import type { ProcessTransport } from './process/stdio-transport.ts';
import type { Connection, LogLine } from './types.ts';

/** Longer than a process may take to stop; only something remote that does not answer comes near it. */
const END_DEADLINE_MS = 3_800;

/** The default of `pingInterval` for remote servers; a local one is known to be there by its process. */
const REMOTE_PING_MS = 30_000;

export type StartableDefinition = StdioDefinition | RemoteDefinition;

/** What supervisors share: how launches, processes and connections are made, and time. Handed in by the composition root. */
export interface UpstreamParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  readonly connect: Connect;
  /**
   * @param principalId whose login it goes by; the owner of the hub's when absent
   * @throws HubError PLACEHOLDER_ERROR or CONFIG_ERROR when the definition cannot be used; there is no retry after those.
   */
  readonly resolveLaunch: (definition: StartableDefinition, signal: AbortSignal, principalId?: string) => Promise<Launch>;
  readonly createStdioTransport: (id: string, launch: StdioLaunch) => ProcessTransport;
  /** What servers offered the last time; nothing is remembered without it. */
  readonly offers?: Offers | undefined;
}

/** What outlives the hub of what servers offer. */
export interface Offers {
  recall(definition: StartableDefinition): Listing | undefined;
  /** Keeps it in the background; a failure is nobody's trouble. */
  remember(definition: StartableDefinition, listing: Listing): void;
  /** Resolves when all that was to be kept is; never rejects. */
  settled(): Promise<void>;
}

export interface IncarnationOptions extends Pick<ConnectOptions, 'listing' | 'former' | 'roots' | 'clientHeaders'> {
  readonly definition: StartableDefinition;
  /** The definition's, or what it has become since; in milliseconds. */
  readonly requestTimeoutMs?: () => number;
  readonly parts: UpstreamParts;
  readonly knownEra?: Era | undefined;
  readonly probeMs?: number | undefined;
  readonly onLateProbe?: (era: Era, tookMs: number) => void;
  readonly on: ConnectionListener;
}

/** One life of an upstream: one attempt to start it, and the connection and processes that come of it. */
export class Incarnation {
  readonly #options: IncarnationOptions;
  readonly #abort = new AbortController();
  readonly #processes: ProcessTransport[] = [];
  #connecting: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  #environmentNames: readonly EnvironmentName[] | undefined;
  #end: Promise<void> | undefined;

  constructor(options: IncarnationOptions) {
    this.#options = options;
  }

  /** Last lines of the newest process's standard error. */
  stderrTail(): readonly LogLine[] {
    return this.#processes.at(-1)?.stderrTail() ?? [];
  }

  get noiseCount(): number {
    return this.#processes.at(-1)?.noiseCount ?? 0;
  }

  /** The variables that its process gets; `undefined` for a remote server, and as long as they are not resolved. */
  get environmentNames(): readonly EnvironmentName[] | undefined {
    return this.#environmentNames;
  }

  /**
   * Resolves the launch and connects, both within `initTimeout`. Called once.
   *
   * @throws HubError TIMEOUT, the error of the launch or of the connection, or the reason of {@link end}
   */
  async open(): Promise<Connection> {
    const { clock } = this.#options.parts;
    const { initTimeoutMs } = this.#options.definition;
    const aborted = deferred<never>();
    const { signal } = this.#abort;
    signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
    const timer = clock.after(initTimeoutMs, () => this.#abort.abort(this.#tooSlow()));
    try {
      return await Promise.race([this.#connect(), aborted.promise]);
    } finally {
      timer.dispose();
    }
  }

  /** Ends it in whatever stage it is, for `reason`. Idempotent; never rejects; done within four seconds. */
  end(reason: HubError): Promise<void> {
    this.#end ??= this.#endNow(reason);
    return this.#end;
  }

  async #connect(): Promise<Connection> {
    const { definition, parts, knownEra, probeMs, onLateProbe, on, listing, former, roots, clientHeaders } = this.#options;
    const { signal } = this.#abort;
    const launch = await parts.resolveLaunch(definition, signal);
    signal.throwIfAborted();
    if (launch.kind === 'stdio') this.#environmentNames = launch.environmentNames;
    const connecting = parts.connect(launch, {
      id: definition.id,
      signal,
      clock: parts.clock,
      logger: parts.logger,
      requestTimeoutMs: this.#options.requestTimeoutMs ?? (() => definition.requestTimeoutMs),
      initTimeoutMs: definition.initTimeoutMs,
      pingIntervalMs: definition.pingIntervalMs ?? (launch.kind === 'stdio' ? 0 : REMOTE_PING_MS),
      ...(knownEra !== undefined && { knownEra }),
      ...(probeMs !== undefined && { probeMs }),
      ...(onLateProbe && { onLateProbe }),
      listing,
      former,
      clientHeaders,
      roots,
      on,
      createStdioTransport: (stdio) => this.#newProcess(stdio),
      stderrText: () => this.#lastOutput(),
    });
    if (launch.kind === 'remote') this.#connecting = connecting;
    const connection = await connecting;
    this.#connection = connection;
    // It came after all, but too late for whoever waited.
    if (signal.aborted) await connection.close();
    return connection;
  }

  #newProcess(launch: StdioLaunch): ProcessTransport {
    const { definition, parts } = this.#options;
    this.#abort.signal.throwIfAborted();
    const transport = parts.createStdioTransport(definition.id, launch);
    this.#processes.push(transport);
    return transport;
  }

  async #endNow(reason: HubError): Promise<void> {
    const { definition, parts } = this.#options;
    this.#abort.abort(reason);
    // All at once: a connection that hangs while it closes does not keep its process alive.
    const closing = [this.#connection?.close(reason), this.#givenUp(), ...this.#processes.map((process) => process.close())];
    const { clock, logger } = parts;
    try {
      const timeoutMs = END_DEADLINE_MS;
      const onTimeout = (): Error => new Error(`not done after ${timeoutMs} ms`);
      await withDeadline(Promise.all(closing), { clock, timeoutMs, onTimeout });
    } catch (error) {
      logger.warn(`Server "${definition.id}" did not close in an orderly way: ${messageOf(error)}`, { server: definition.id });
    }
  }

  /** A remote server may still make a session for a start that is cut short, which then ends it. A local one ends with its process. Never rejects. */
  async #givenUp(): Promise<void> {
    if (!this.#connection) await this.#connecting?.catch(() => undefined);
  }

  #lastOutput(): string {
    return lastOutput(this.stderrTail().map(({ text }) => text));
  }

  #tooSlow(): HubError {
    const { id, initTimeoutMs, kind } = this.#options.definition;
    const noise = noiseAdvice(this.#processes.at(-1)?.firstNoise);
    const example = kind === 'stdio' ? ' (a first download with npx or uvx)' : '';
    const check = kind === 'stdio' ? '' : ' Check that it is an MCP server that answers at this address.';
    const text =
      `Server "${id}" was not ready within ${initTimeoutMs / 1000} s.${noise}${check} If it just needs longer${example}, ` +
      `raise "initTimeout" in its entry.${this.#lastOutput()}`;
    return new HubError('TIMEOUT', text, { details: { server: id, initTimeoutMs } });
  }
}
