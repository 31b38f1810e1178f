import { type Clock, type Disposable, Disposables } from '../base/index.ts';
import type { Hub, HubEvents, ServerReport } from '../hub/index.ts';
import { renderNotes, renderOpened, renderServer, renderSummary, type Summary } from './render.ts';
import type { Style } from './style.ts';

/** How long the summary waits for servers that are slow to start, in milliseconds. */
const PATIENCE_MS = 5_000;

export interface StartScreenOptions {
  readonly write: (text: string) => void;
  readonly clock: Clock;
  readonly style: Style;
  readonly summary: Omit<Summary, 'port' | 'keyPlace' | 'servers'>;
}

/**
 * Tells a person where the hub is, and what becomes of the servers: each as it gets ready or fails, then, once all have settled or
 * {@link PATIENCE_MS} are over, the addresses and what to do with them. What has been said is not
 * said again until the entry of the server is another one.
 */
export class StartScreen implements Disposable {
  readonly #options: StartScreenOptions;
  readonly #servers = new Map<string, ServerReport>();
  /** What was last told of each server, and its notes. */
  readonly #told = new Map<string, string>();
  readonly #toldNotes = new Map<string, ReadonlySet<string>>();
  readonly #owned = new Disposables();
  #open: Pick<Summary, 'port' | 'keyPlace'> | undefined;
  #settled = false;
  #summaryTold = false;

  constructor(options: StartScreenOptions) {
    this.#options = options;
  }

  /** Listens to `hub` until disposed of. Called before the hub starts, so that nothing is missed. */
  follow(hub: Pick<Hub, 'on'>): void {
    this.#owned.add(hub.on('server', (report) => this.#onServer(report)));
    this.#owned.add(hub.on('entries', (entries) => this.#onEntries(entries)));
    this.#owned.add(hub.on('settled', () => this.#onSettled()));
  }

  /** The port is open. @param keyPlace as {@link Summary.keyPlace} */
  opened(port: number, keyPlace?: string): void {
    this.#open = { port, keyPlace };
    if (this.#settled) return this.#tellSummary();
    const { style, summary } = this.#options;
    const isAnyStarting = [...this.#servers.values()].some(({ state }) => state.kind === 'starting');
    if (isAnyStarting) this.#write(renderOpened({ ...summary, port }, style));
    this.#owned.add(this.#options.clock.after(PATIENCE_MS, () => this.#tellSummary()));
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #onSettled(): void {
    this.#settled = true;
    this.#tellSummary();
  }

  /** Whoever has changed an entry wants to know what comes of it, also when that is what it was before. */
  #onEntries({ changed, removed }: HubEvents['entries']): void {
    for (const name of removed) {
      this.#servers.delete(name);
      this.#told.delete(name);
    }
    // One that is ready and stays so has nothing new to tell.
    for (const name of changed) if (this.#servers.get(name)?.state.kind !== 'ready') this.#told.delete(name);
  }

  #onServer(report: ServerReport): void {
    const { clock, style } = this.#options;
    this.#servers.set(report.name, report);
    const key = newsOf(report);
    if (key !== undefined && key !== this.#told.get(report.name)) {
      this.#told.set(report.name, key);
      this.#write(renderServer(report, clock.now(), style));
    }
    // What a server offers is announced a moment before it is ready; its notes follow its own line.
    if (report.state.kind !== 'ready') return;
    const before = this.#toldNotes.get(report.name);
    const notes = report.notes.filter((note) => !before?.has(note));
    this.#toldNotes.set(report.name, new Set(report.notes));
    this.#write(renderNotes(report.name, notes, style));
  }

  #tellSummary(): void {
    if (this.#summaryTold || !this.#open) return;
    this.#summaryTold = true;
    const { style, summary } = this.#options;
    this.#write(renderSummary({ ...summary, ...this.#open, servers: [...this.#servers.values()] }, style));
  }

  #write(lines: readonly string[]): void {
    if (lines.length > 0) this.#options.write(`${lines.join('\n')}\n`);
  }
}

/**
 * What is new about a report: a connection by the time it was made, a failure by its words, so that the tenth equal
 * attempt stays unmentioned (the log file has them all). `undefined`: nothing to tell.
 */
function newsOf({ state }: ServerReport): string | undefined {
  switch (state.kind) {
    case 'ready':
      return `ready ${state.sinceMs}`;
    case 'backoff':
      return `problem ${state.last.message}`;
    case 'auth-required':
    case 'failed':
      return `${state.kind} ${state.error.message}`;
    case 'disabled':
    case 'stopped':
    case 'starting':
    case 'stopping':
      return undefined;
  }
}
