import { type Clock, type ErrorCode, isHubError, jsonText, type Logger, messageOf, numberIn } from '../../base/index.ts';
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
  ask(method: string, params: JsonObject): Promise<Outcome>;
}

interface FetchedList {
  readonly items: readonly JsonObject[];
  readonly freshness: Freshness;
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
}

/** The listing of a server that offers nothing (yet). */
export function emptyListing(identity: ServerIdentity): Listing {
  const nothing: readonly JsonObject[] = Object.freeze([]);
  return Object.freeze({ identity, items: perKind(() => nothing) });
}

/**
 * Fetches every page of the lists of `changes` that the server's capabilities declare, in parallel; the other lists stay as
 * they are in `previous`. A list that cannot be fetched never fails the whole: it stays as it was, and a warning says so.
 *
 * @throws HubError UNAUTHORIZED for a server that lists only after a login, CANCELLED, UPSTREAM_EXITED.
 */
export async function fetchListing(source: ListingSource, previous: Listing, changes: ReadonlySet<ChangeKind>): Promise<FetchedListing> {
  const { capabilities } = source.identity;
  const wanted = LIST_KINDS.filter((kind) => changes.has(changeKindOfList[kind]) && isObject(capabilities[changeKindOfList[kind]]));
  const fetched = new Map(await Promise.all(wanted.map(async (kind) => [kind, await fetchList(source, kind)] as const)));
  const listing = Object.freeze({
    identity: source.identity,
    items: perKind((kind) => fetched.get(kind)?.items ?? previous.items[kind]),
  });
  const freshness = new Map<ListKind, Freshness>();
  for (const [kind, list] of fetched) if (list) freshness.set(kind, list.freshness);
  return { listing, freshness };
}

/** Whether two listings say the same, by content. */
export function sameListing(a: Listing, b: Listing): boolean {
  return jsonText(a.items) === jsonText(b.items);
}

/** All pages of one list; `undefined` when it cannot be had. */
async function fetchList(source: ListingSource, kind: ListKind): Promise<FetchedList | undefined> {
  const method = listMethod[kind];
  const warn = (problem: string): void => warnOnce(source, method, problem);
  try {
    const pages = await fetchPages(source, method, warn);
    if (!pages) return undefined;
    const items = pages
      .flatMap(({ result }) => itemsOf(result, kind, warn))
      .filter((item) => !source.checksHeaders || headersAreValid(item, kind, warn));
    return { items: Object.freeze(items), freshness: freshnessOf(pages, source.clock.now()) };
  } catch (error) {
    if (isHubError(error) && FATAL.has(error.code)) throw error;
    warn(`failed, so the list stays as it was: ${messageOf(error)}`);
    return undefined;
  }
}

type Warn = (problem: string) => void;

function warnOnce({ logger, id, told }: ListingSource, method: string, problem: string): void {
  const message = `Server "${id}": ${method} ${problem}`;
  if (told.has(message) || told.size >= MAX_TOLD) return;
  told.add(message);
  logger.warn(message, { server: id, method });
}

async function fetchPages(source: ListingSource, method: string, warn: Warn): Promise<readonly Page[] | undefined> {
  const pages: Page[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const { result, error } = await source.ask(method, cursor === undefined ? {} : { cursor });
    if (error) {
      warn(`was answered with the error ${error.code} "${error.message}"`);
      // A list that the server does not know is empty; any other error says nothing about what it holds.
      if (pages.length > 0) return pages;
      return error.code === rpcCode.methodNotFound ? [] : undefined;
    }
    pages.push({ result, atMs: source.clock.now() });
    cursor = nextCursor(result, source.identity);
    if (cursor === undefined) return pages;
    if (seen.has(cursor)) return warn('repeats a cursor; what came so far is used'), pages;
    seen.add(cursor);
  } while (pages.length < MAX_PAGES);
  warn(`has more than ${MAX_PAGES} pages; the rest is left out`);
  return pages;
}

/** `""` is a cursor like any other in the modern era; servers of the legacy one also mean the end by it. */
function nextCursor({ nextCursor: cursor }: JsonObject, { era }: ServerIdentity): string | undefined {
  if (typeof cursor !== 'string' || (cursor === '' && era === 'legacy')) return undefined;
  return cursor;
}

function itemsOf(page: JsonObject, kind: ListKind, warn: Warn): readonly JsonObject[] {
  const list = page[kind];
  if (!Array.isArray(list)) {
    warn(`was answered without an array "${kind}"`);
    return [];
  }
  const items = list.filter(isObject);
  if (items.length < list.length) warn(`holds ${list.length - items.length} entries that are no objects; they are left out`);
  return items;
}

/** Spec 2026-07-28 basic/transports/streamable-http, "Schema Extension": an invalid declaration excludes the tool. */
function headersAreValid(item: JsonObject, kind: ListKind, warn: Warn): boolean {
  if (kind !== 'tools') return true;
  const declared = headerParamsOf(item['inputSchema']);
  if (!('invalid' in declared)) return true;
  warn(`offers the tool "${String(item['name'])}", which is left out: ${declared.invalid}`);
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
