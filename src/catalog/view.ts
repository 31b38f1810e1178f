import type { Era, JsonObject, ListKind, RawResult } from '../protocol/index.ts';
import type { DisabledItem } from './disabled.ts';
import type { Finding } from './lint-schema.ts';

/** Where an exposed name leads. */
export interface Target {
  readonly serverId: string;
  /** The name as the server knows it. */
  readonly name: string;
  /** The item as the server sent it; the same object as long as the server's listing is the same. */
  readonly item: JsonObject;
}

/** A server that may have the resource or template of a URI. */
export interface UriTarget {
  readonly serverId: string;
  /** The URI as the server knows it. */
  readonly uri: string;
  /** `true` when the URI is listed or names its server; `false` for a guess that the server itself must confirm. */
  readonly exact: boolean;
}

/** What one endpoint offers. Immutable; every method answers from memory. */
export interface CatalogView {
  /** The servers of this view, in config order, also those that offer nothing yet. */
  readonly servers: readonly string[];
  /** The list as clients get it, in config order and then the server's own; the same array on every call. */
  list(kind: ListKind): readonly JsonObject[];
  /** The same in the bytes that clients of an era get: a result that lacks its cache hints and `_meta`. Written once, when first asked for. */
  listText(kind: ListKind, era: Era): RawResult;
  tool(name: string): Target | undefined;
  /** A tool by its original name, if only one server has a tool of that name: apps know their tools by no other. */
  plainTool(name: string): Target | undefined;
  prompt(name: string): Target | undefined;
  /** Who may have a resource, best first. An exact candidate stands alone; several are guesses. */
  resource(uri: string): readonly UriTarget[];
  /** Who has a resource template, or may have it; as {@link resource}. */
  template(uriTemplate: string): readonly UriTarget[];
  /** The tool or prompt of that name that the config keeps from being offered. */
  disabled(kind: 'tools' | 'prompts', name: string): DisabledItem | undefined;
  /** What the config disables by which a server's own URI, or template, is not to be had. */
  disabledUri(serverId: string, uri: string): DisabledItem | undefined;
  /** The server that a name would belong to, by how it begins, if nobody knows yet what that server offers. */
  silentOwner(name: string): string | undefined;
  /** Exposed names that look like `name`, the most similar first. */
  closest(kind: 'tools' | 'prompts', name: string, max?: number): readonly string[];
}

/** Something worth telling a person about what is offered, or why it is not. */
export interface CatalogNote extends Finding {
  readonly serverId: string;
  readonly kind: ListKind | 'server';
  /** The server's own name, URI or template of the item; for `server` its id. */
  readonly name: string;
}
