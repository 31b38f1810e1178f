import type { Clock } from '../base/index.ts';
import { type Disposable, Disposables } from '../base/index.ts';
import { buildCatalog, type Catalog, type CatalogNote } from '../catalog/index.ts';
import type { Upstreams } from './upstreams.ts';

export interface OfferOptions {
  readonly upstreams: Upstreams;
  readonly maxToolNameLength: () => number;
  readonly clock: Clock;
  /** Told after the offer stood still for a moment: from what to what it changed. */
  onChange(before: Catalog, after: Catalog): void;
  /** Told of every note that the catalog before did not have. */
  onNote(note: CatalogNote): void;
}

/** A burst of changes becomes one announcement: this long after its last one … */
const QUIET_MS = 100;
/** … but at most this long after its first. */
const LONGEST_MS = 500;

/**
 * The current catalog: rebuilt whenever an upstream's listing or definition is replaced, announced when the burst is over. The old
 * catalog is served until the new one stands: there is never an empty moment in between.
 */
export class Offer implements Disposable {
  readonly #options: OfferOptions;
  readonly #owned = new Disposables();
  /** The notes of the catalog before, so that each is told once while it holds. */
  #told: ReadonlySet<string> = new Set();
  #catalog: Catalog;
  #announced: Catalog;
  #timer: Disposable | undefined;
  #firstChangeMs: number | undefined;

  constructor(options: OfferOptions) {
    this.#options = options;
    this.#catalog = this.#build();
    this.#announced = this.#catalog;
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  /** What is known by then is the offer to begin with: nobody is told of it but of its notes. */
  start(): void {
    this.#catalog = this.#build();
    this.#announced = this.#catalog;
    this.#tellNotes();
    this.#owned.add(this.#options.upstreams.on('listing', () => this.rebuild()));
    this.#owned.add(this.#options.upstreams.on('members', () => this.rebuild()));
    this.#owned.defer(() => this.#timer?.dispose());
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #build(): Catalog {
    const { upstreams, maxToolNameLength } = this.#options;
    const servers = upstreams.all().map(({ id, listing, definition }) => ({ id, listing, disabled: definition.disabledItems }));
    return buildCatalog({ servers, maxNameLength: maxToolNameLength() });
  }

  /** Something that the catalog is made of is another one: it is built anew at once and announced a little later. */
  rebuild(): void {
    this.#catalog = this.#build();
    this.#tellNotes();
    const now = this.#options.clock.now();
    this.#firstChangeMs ??= now;
    this.#timer?.dispose();
    const delayMs = Math.max(0, Math.min(QUIET_MS, this.#firstChangeMs + LONGEST_MS - now));
    this.#timer = this.#options.clock.after(delayMs, () => this.#announce());
  }

  #tellNotes(): void {
    const notes = new Map(this.#catalog.notes.map((note) => [JSON.stringify([note.serverId, note.kind, note.name, note.reason]), note]));
    for (const [key, note] of notes) if (!this.#told.has(key)) this.#options.onNote(note);
    this.#told = new Set(notes.keys());
  }

  #announce(): void {
    this.#firstChangeMs = undefined;
    const before = this.#announced;
    this.#announced = this.#catalog;
    this.#options.onChange(before, this.#catalog);
  }
}
