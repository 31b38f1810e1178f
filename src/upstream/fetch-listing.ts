import { type ErrorCode, isHubError, type Logger, messageOf } from '../base/index.ts';
import type { CacheHint, Listing, ServerIdentity } from '../catalog/index.ts';
import {
  type ChangeKind,
  headerParamsOf,
  isObject,
  type JsonObject,
  LIST_KINDS,
  type ListKind,
  listMethod,
  type Outcome,
  rpcCode,
} from '../protocol/index.ts';

/** A server with more pages than this in one list is taken to be in a loop. */
const MAX_PAGES = 1000;

/** Failures that concern the whole connection and not one list. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['UNAUTHORIZED', 'CANCELLED', 'UPSTREAM_EXITED']);

const NO_HINT: CacheHint = { ttlMs: 0, cacheScope: 'private' };

export interface ListingSource {
  /** The server's name, for warnings. */
  readonly id: string;
  readonly identity: ServerIdentity;
  readonly logger: Logger;
  /** Whether tools with invalid `x-mcp-header` must be left out: modern HTTP only. */
  readonly checksHeaders: boolean;
  ask(method: string, params: JsonObject): Promise<Outcome>;
}

interface FetchedList {
  readonly items: readonly JsonObject[];
  readonly cache: CacheHint;
}

const capabilityOf: Readonly<Record<ListKind, ChangeKind>> = {
  tools: 'tools',
  prompts: 'prompts',
  resources: 'resources',
  resourceTemplates: 'resources',
};

/** The listing of a server that offers nothing (yet). */
export function emptyListing(identity: ServerIdentity): Listing {
  const nothing: readonly JsonObject[] = Object.freeze([]);
  return Object.freeze({ identity, items: perKind(() => nothing), cache: perKind(() => NO_HINT) });
}

/**
 * Fetches every page of the lists of `changes` that the server's capabilities declare, in parallel; the other lists stay as
 * they are in `previous`. A list that cannot be fetched never fails the whole: it stays as it was, and a warning says so.
 *
 * @throws HubError UNAUTHORIZED for a server that lists only after a login, CANCELLED, UPSTREAM_EXITED.
 */
export async function fetchListing(source: ListingSource, previous: Listing, changes: ReadonlySet<ChangeKind>): Promise<Listing> {
  const wanted = LIST_KINDS.filter((kind) => changes.has(capabilityOf[kind]) && isObject(source.identity.capabilities[capabilityOf[kind]]));
  const fetched = new Map(await Promise.all(wanted.map(async (kind) => [kind, await fetchList(source, kind)] as const)));
  return Object.freeze({
    identity: source.identity,
    items: perKind((kind) => fetched.get(kind)?.items ?? previous.items[kind]),
    cache: perKind((kind) => fetched.get(kind)?.cache ?? previous.cache[kind]),
  });
}

/** Whether two listings say the same, by content. */
export function sameListing(a: Listing, b: Listing): boolean {
  return JSON.stringify([a.items, a.cache]) === JSON.stringify([b.items, b.cache]);
}

/** All pages of one list; `undefined` when it cannot be had. */
async function fetchList(source: ListingSource, kind: ListKind): Promise<FetchedList | undefined> {
  const { logger, id } = source;
  const method = listMethod[kind];
  const warn = (problem: string): void => logger.warn(`Server "${id}": ${method} ${problem}`, { server: id, method });
  try {
    const pages = await fetchPages(source, method, warn);
    if (!pages) return undefined;
    const items = pages
      .flatMap((page) => itemsOf(page, kind, warn))
      .filter((item) => !source.checksHeaders || headersAreValid(item, kind, warn));
    return { items: Object.freeze(items), cache: mergeHints(pages, source.identity) };
  } catch (error) {
    if (isHubError(error) && FATAL.has(error.code)) throw error;
    warn(`failed, so the list stays as it was: ${messageOf(error)}`);
    return undefined;
  }
}

type Warn = (problem: string) => void;

async function fetchPages(source: ListingSource, method: string, warn: Warn): Promise<readonly JsonObject[] | undefined> {
  const pages: JsonObject[] = [];
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
    pages.push(result);
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

function mergeHints(pages: readonly JsonObject[], { era }: ServerIdentity): CacheHint {
  if (era === 'legacy' || pages.length === 0) return NO_HINT;
  const ttls = pages.map(({ ttlMs }) => (typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0));
  const isPublic = pages.every(({ cacheScope }) => cacheScope === 'public');
  return Object.freeze({ ttlMs: Math.min(...ttls), cacheScope: isPublic ? 'public' : 'private' });
}

function perKind<T>(value: (kind: ListKind) => T): Readonly<Record<ListKind, T>> {
  return Object.freeze({
    tools: value('tools'),
    prompts: value('prompts'),
    resources: value('resources'),
    resourceTemplates: value('resourceTemplates'),
  });
}
