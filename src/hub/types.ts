import type { ClaimedPort, Disposable, HubPaths, LogSink, Secret } from '../base/index.ts';
import type { UpstreamState } from '../upstream/index.ts';

export interface HubOptions {
  /** As given on the command line, in order, verbatim; empty means the default file. */
  readonly configFiles: readonly string[];
  readonly host: string;
  /** 0 takes any free port; `undefined`: none, for a hub with a {@link socket}. */
  readonly port: number | undefined;
  /** The path of a Unix socket, besides the port or instead of it. */
  readonly socket?: string | undefined;
  /** Who may use the hub; left out, what the config and the host say. */
  readonly access?: AccessOptions | undefined;
  /** The port, where it is open already. */
  readonly claimed?: ClaimedPort | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly paths: HubPaths;
  readonly sinks: readonly LogSink[];
  /** How long nobody may need the hub before it says so by the event `idle`, in milliseconds; absent: for ever. */
  readonly shutdownDelayMs?: number | undefined;
  /** Loads the config files again whenever one of them is saved. */
  readonly watch?: boolean | undefined;
  /** The hub's own version. */
  readonly version: string;
}

export interface AccessOptions {
  /** Every request needs a key, also where only this machine can reach the hub. */
  readonly requireKey?: boolean | undefined;
  /** A key that is good for everything, for as long as the hub runs. */
  readonly given?: Secret | undefined;
  /** Whether a key that the hub makes can be shown to somebody. */
  readonly mayShowKey?: boolean | undefined;
}

/** The hub's life, in the words that clients of the management API know. */
export type HubState = 'starting' | 'ready' | 'restarting' | 'restarted' | 'stopping' | 'stopped' | 'error';

/** One server as a person is told of it when its state changes. */
export interface ServerReport {
  readonly name: string;
  readonly state: UpstreamState;
  readonly counts: { readonly tools: number; readonly prompts: number; readonly resources: number; readonly resourceTemplates: number };
  /** Hidden tools, name collisions and other things worth a line. */
  readonly notes: readonly string[];
}

export interface HubEvents {
  server: ServerReport;
  /** The entries of these servers say something else from now on, or are gone. Told before the servers follow. */
  entries: { readonly changed: readonly string[]; readonly removed: readonly string[] };
  /** Every server's first start attempt has ended. */
  settled: { readonly ready: number; readonly total: number };
  /** Nobody needs the hub any more: no client has been there for as long as `shutdownDelayMs` says. */
  idle: { readonly forMs: number };
  /** Somebody has asked for the end of the process, whose owner starts it again: the hub waits to be stopped. */
  ended: { readonly reason: 'hard-restart' };
}

export interface OpenHub {
  readonly port: number;
  readonly urls: readonly string[];
  readonly needsKey: boolean;
  readonly firstKey?: string | undefined;
}

export interface Hub {
  /**
   * Binds the port first, then starts the servers; resolves when the port is open.
   *
   * @returns `port`: 0 for a hub without one; `needsKey`: whether every request needs an API key; `firstKey`: the one that the hub
   * has made for itself, to be shown once
   * @throws HubError CONFIG_ERROR (details.diagnostics), PORT_IN_USE (details.port, details.socket), USAGE when it may not start without a key
   */
  start(): Promise<OpenHub>;
  /** Loads the config files again; a failure is logged, and nothing has moved then. Does nothing before the start. Never rejects. */
  reload(): Promise<void>;
  /** The text with every secret of a server in it replaced: for errors of which nobody knows where they come from. */
  redact(text: string): string;
  /** How long {@link stop} may take, in milliseconds: five seconds, or more where `shutdownTimeout` is long. */
  readonly stopWithinMs: number;
  /** Takes no more calls, lets those in flight end within `shutdownTimeout`, and ends everything. Idempotent. */
  stop(): Promise<void>;
  on<K extends keyof HubEvents>(name: K, listener: (event: HubEvents[K]) => void): Disposable;
}
