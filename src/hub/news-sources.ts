import { randomBytes } from 'node:crypto';
import { type Clock, type Disposable, Disposables, type LogRecord, type LogSink } from '../base/index.ts';
import { DegradedNews, type DegradedSource } from './degraded-news.ts';
import { EventLog } from './event-log.ts';
import { FailureNews } from './failure-news.ts';
import { ListingNews, type ListingSource } from './listing-news.ts';
import { LoginNews, type PageSource } from './login-news.ts';
import type { Publish } from './news.ts';
import { ServerNews, type StateSource } from './server-news.ts';
import type { HubState } from './types.ts';
import { WorkspaceNews } from './workspace-news.ts';
import type { WorkspaceFile } from './workspaces.ts';

export interface HubNewsOptions {
  readonly clock: Clock;
  /** What clients of the management API take for the hub's version. */
  readonly version: string;
  readonly port: () => number;
  /** Told of a reader's listener that throws. */
  readonly onListenerError: (error: unknown) => void;
}

/** What happens in the hub and is told of itself, once it runs. */
export interface NewsSources {
  readonly servers: StateSource & ListingSource & DegradedSource;
  readonly workspaces: Pick<WorkspaceFile, 'path' | 'read'>;
  readonly logins: PageSource;
}

/** The hub's news: the memory of them, and the parts that turn what happens into them. */
export class HubNews implements Disposable {
  readonly events: EventLog;
  readonly publish: Publish;
  /** Takes the hub's log records and tells of those that are more than details. */
  readonly sink: LogSink;
  readonly #clock: Clock;
  readonly #owned = new Disposables();
  #servers: ServerNews | undefined;

  constructor({ clock, ...options }: HubNewsOptions) {
    this.#clock = clock;
    this.events = new EventLog({ ...options, clock, boot: randomBytes(6).toString('hex') });
    this.publish = this.events.publish;
    this.sink = logNews(this.publish);
  }

  /** From now on the sources tell what happens to them, until the disposal. */
  start({ servers, workspaces, logins }: NewsSources): void {
    const { publish } = this;
    const clock = this.#clock;
    const sources = [
      new ListingNews(servers, publish),
      new FailureNews(servers, publish),
      new DegradedNews(servers, publish),
      new LoginNews(servers, logins, publish),
      (this.#servers = new ServerNews({ servers, clock, publish })),
      new WorkspaceNews({ file: workspaces, clock, publish }),
    ];
    for (const source of sources) this.#owned.add(source).start();
  }

  /** Tells that the hub is in another state. A hub that is ready for the first time has told of all its servers with that. */
  hubState(state: HubState, more: { readonly message?: string; readonly code?: string } = {}): void {
    this.publish({ name: 'hub_state', data: { state, ...more } });
    if (state === 'ready') this.#servers?.settled();
  }

  /** What came of a start or stop of this server that somebody asked for is told, even when it is nothing new. */
  asked(name: string): void {
    this.#servers?.asked(name);
  }

  /** While the disposable lives, what becomes of these servers is told by whoever asked for it, and not by the hub's own watch. */
  mute(names: Iterable<string>): Disposable {
    return this.#servers?.mute(names) ?? { dispose: () => {} };
  }

  dispose(): void {
    this.#owned.dispose();
  }
}

/** Readers are told of records from `info` up; the log file has all of them. */
function logNews(publish: Publish): LogSink {
  return (record: LogRecord) => {
    if (record.type !== 'debug') publish({ name: 'log', data: record });
  };
}
