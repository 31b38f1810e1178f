import { type Clock, type ErrorCode, HubError, jsonText, type Logger, messageOf, numberIn, toHubError } from '../../base/index.ts';
import type { Listing, ServerIdentity } from '../../catalog/index.ts';
import {
  type ChangeKind,
  changeKindOfList,
  headerParamsOf,
  isObject,
  type JsonObject,
  LIST_KINDS,
  type ListKind,
  listMethod,
  type Outcome,
  rpcCode,
} from '../../protocol/index.ts';
import type { Freshness } from './list-freshness.ts';
import type { ListReport } from './list-health.ts';

/** A server with more pages than this in one list is taken to be in a loop. */
const MAX_PAGES = 1000;

/** Failures that concern the whole connection and not one list. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['UNAUTHORIZED', 'CANCELLED', 'UPSTREAM_EXITED']);

/** Longest time that a list is taken to be fresh, whatever its server says; in milliseconds. */
const MAX_TTL_MS = 24 * 60 * 60_000;
/** Most warnings about lists that are remembered so as not to be repeated. */
const MAX_TOLD = 1_000;

export interface ListingSource {
  /** The server's name, for warnings. */
  readonly id: string;
  readonly identity: ServerIdentity;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Warnings that were given before: a list that is fetched time and again repeats none. */
  readonly told: Set<string>;
  /** Whether tools with invalid `x-mcp-header` must be left out: modern HTTP only. */
  readonly checksHeaders: boolean;
  /** Takes out of a text what is secret: servers quote what they were given. */
  readonly redact: (text: string) => string;
  ask(method: string, params: JsonObject): Promise<Outcome>;
}

interface FetchedList {
  /** Of one that failed, what came before that. */
  readonly items: readonly JsonObject[];
  readonly freshness: Freshness;
  readonly notes: readonly string[];
  readonly failure?: HubError;
}

/** One page, and when it came. */
interface Page {
  readonly result: JsonObject;
  readonly atMs: number;
}

export interface FetchedListing {
  readonly listing: Listing;
  /** Of every list that could be had. */
  readonly freshness: ReadonlyMap<ListKind, Freshness>;
  /** Of every list that was asked for. */
  readonly reports: ReadonlyMap<ListKind, ListReport>;
}

const NOTHING: readonly JsonObject[] = Object.freeze([]);

/** The listing of a server that offers nothing (yet). */
export function emptyListing(identity: ServerIdentity): Listing {
  return Object.freeze({ identity, items: perKind(() => NOTHING) });
}

/**
 * Fetches every page of the lists of `changes` that the server's capabilities declare, in parallel; the other lists stay as
 * they are in `previous`. A list that cannot be fetched never fails the whole: it stays as it was, or is what came of it where
 * that is more, and a report says so.
 *
 * @param previous asked only for lists that are not fetched
 * @throws HubError UNAUTHORIZED for a server that lists only after a login, CANCELLED, UPSTREAM_EXITED.
 */
export async function fetchListing(
  source: ListingSource,
  previous: () => Listing,
  changes: ReadonlySet<ChangeKind>,
): Promise<FetchedListing> {
  const { capabilities } = source.identity;
  const isDeclared = (kind: ListKind): boolean => isObject(capabilities[changeKindOfList[kind]]);
  const wanted = LIST_KINDS.filter((kind) => changes.has(changeKindOfList[kind]) && isDeclared(kind));
  const fetched = new Map(await Promise.all(wanted.map(async (kind) => [kind, await fetchList(source, kind)] as const)));
  const items = perKind((kind) => {
    const list = fetched.get(kind);
    if (list && !list.failure) return list.items;
    const before = isDeclared(kind) ? previous().items[kind] : NOTHING;
    return list && list.items.length >= before.length ? list.items : before;
  });
  const freshness = new Map<ListKind, Freshness>();
  const reports = new Map<ListKind, ListReport>();
  for (const [kind, { items: came, freshness: fresh, notes, failure }] of fetched) {
    if (!failure) freshness.set(kind, fresh);
    reports.set(kind, { notes, failure, isOfferKept: items[kind] !== came });
  }
  return { listing: Object.freeze({ identity: source.identity, items }), freshness, reports };
}

/** Whether two listings say the same, by content. */
export function sameListing(a: Listing, b: Listing): boolean {
  return jsonText(a.items) === jsonText(b.items);
}

/** All pages of one list, or those that came before it failed. */
async function fetchList(source: ListingSource, kind: ListKind): Promise<FetchedList> {
  const { id, clock, checksHeaders, redact } = source;
  const method = listMethod[kind];
  const notes: string[] = [];
  const note: Note = (problem) => {
    notes.push(redact(`${method} ${problem}`));
    warnOnce(source, method, problem);
  };
  const pages: Page[] = [];
  let failure: HubError | undefined;
  try {
    await fetchPages(source, kind, pages, note);
  } catch (cause) {
    const { code } = toHubError(cause, 'UPSTREAM_PROTOCOL');
    if (FATAL.has(code)) throw cause;
    failure = new HubError(code, redact(`Server "${id}": ${method} ${messageOf(cause)}.`), {
      details: { server: id, list: method },
      cause,
    });
    notes.push(redact(`${method} ${messageOf(cause)}; it is asked for again by itself, and what was known of the list stays`));
    warnOnce(source, method, `${messageOf(cause)}, so that what was known of the list stays`);
  }
  const items = pages
    .flatMap(({ result }) => itemsOf(result, kind, note))
    .filter((item) => !checksHeaders || headersAreValid(item, kind, note));
  return { items: Object.freeze(items), freshness: freshnessOf(pages, clock.now()), notes, ...(failure && { failure }) };
}

/** What is wrong with a list although it could be had, or why it could not. */
type Note = (problem: string) => void;

function warnOnce({ logger, id, told, redact }: ListingSource, method: string, problem: string): void {
  const message = redact(`Server "${id}": ${method} ${problem}`);
  if (told.has(message) || told.size >= MAX_TOLD) return;
  told.add(message);
  logger.warn(message, { server: id, method });
}

/** Adds every page to `pages`. @throws Error with the reason, when one of them cannot be had */
async function fetchPages(source: ListingSource, kind: ListKind, pages: Page[], note: Note): Promise<void> {
  const method = listMethod[kind];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const { result, error } = await asked(source, method, cursor);
    if (error) {
      const problem = `was answered with the error ${error.code} "${error.message}"`;
      // A list that the server does not know is empty; any other error says nothing about what it holds.
      if (pages.length === 0 && error.code === rpcCode.methodNotFound) return warnOnce(source, method, problem);
      throw new Error(problem);
    }
    if (!Array.isArray(result[kind])) throw new Error(`was answered without an array "${kind}"`);
    pages.push({ result, atMs: source.clock.now() });
    cursor = nextCursor(result, source.identity);
    if (cursor === undefined) return;
    if (seen.has(cursor)) return note('repeats a cursor; what came so far is used');
    seen.add(cursor);
  } while (pages.length < MAX_PAGES);
  note(`has more than ${MAX_PAGES} pages; the rest is left out`);
}

async function asked(source: ListingSource, method: string, cursor: string | undefined): Promise<Outcome> {
  try {
    return await source.ask(method, cursor === undefined ? {} : { cursor });
  } catch (cause) {
    const { code, message } = toHubError(cause, 'CONNECTION_ERROR');
    throw FATAL.has(code) ? cause : new HubError(code, `failed: ${message.replace(/\.$/, '')}`, { cause });
  }
}

/** `""` is a cursor like any other in the modern era; servers of the legacy one also mean the end by it. */
function nextCursor({ nextCursor: cursor }: JsonObject, { era }: ServerIdentity): string | undefined {
  if (typeof cursor !== 'string' || (cursor === '' && era === 'legacy')) return undefined;
  return cursor;
}

function itemsOf(page: JsonObject, kind: ListKind, note: Note): readonly JsonObject[] {
  const list = page[kind];
  if (!Array.isArray(list)) return NOTHING;
  const items = list.filter(isObject);
  if (items.length < list.length) note(`holds ${list.length - items.length} entries that are no objects; they are left out`);
  return items;
}

/** Spec 2026-07-28 basic/transports/streamable-http, "Schema Extension": an invalid declaration excludes the tool. */
function headersAreValid(item: JsonObject, kind: ListKind, note: Note): boolean {
  if (kind !== 'tools') return true;
  const declared = headerParamsOf(item['inputSchema']);
  if (!('invalid' in declared)) return true;
  note(`offers the tool "${String(item['name'])}", which is left out: ${declared.invalid}`);
  return false;
}

/** The whole list is as fresh as the page that grows old first, and as private as the most private one. */
function freshnessOf(pages: readonly Page[], fetchedAtMs: number): Freshness {
  const until = pages.map(({ result: { ttlMs }, atMs }) => atMs + Math.min(Math.max(numberIn(ttlMs) ?? 0, 0), MAX_TTL_MS));
  const isPublic = pages.length > 0 && pages.every(({ result }) => result['cacheScope'] === 'public');
  return Object.freeze({
    fetchedAtMs,
    freshUntilMs: pages.length > 0 ? Math.min(...until) : fetchedAtMs,
    cacheScope: isPublic ? 'public' : 'private',
    isOffered: pages.length > 0,
  });
}

function perKind<T>(value: (kind: ListKind) => T): Readonly<Record<ListKind, T>> {
  return Object.freeze({
    tools: value('tools'),
    prompts: value('prompts'),
    resources: value('resources'),
    resourceTemplates: value('resourceTemplates'),
  });
}
