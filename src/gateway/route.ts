import { HubError } from '../base/index.ts';
import type { CatalogView, DisabledItem, UriTarget } from '../catalog/index.ts';
import type { JsonObject } from '../protocol/index.ts';
import { isObject } from '../protocol/index.ts';
import { disabledError } from './disabled.ts';

/** Where a call goes: the server, and the params in that server's own names. */
interface Route {
  readonly serverId: string;
  readonly params: JsonObject;
}

/** Routes of one call, best first. More than one only where the catalog cannot know (unlisted resource URIs). */
export interface Routing {
  readonly routes: readonly Route[];
  /** Why there is none, or what to say when every guess was wrong. Made when asked for: most calls find their way. */
  readonly notFound: () => HubError;
}

/**
 * Finds where a call that names something goes, or `undefined` when the method names nothing.
 *
 * @throws HubError VALIDATION_ERROR; TOOL_NOT_FOUND, PROMPT_NOT_FOUND or RESOURCE_NOT_FOUND for what the config disables,
 * which no server is asked for
 */
export function routeCall(view: CatalogView, method: string, params: JsonObject): Routing | undefined {
  switch (method) {
    case 'tools/call':
      return named(view, 'tools', params);
    case 'prompts/get':
      return named(view, 'prompts', params);
    case 'resources/read':
      return resource(view, params);
    case 'completion/complete':
      return completion(view, params);
    default:
      return ofExtension(view, method, params);
  }
}

/**
 * A method that the hub does not know goes where what it names is for certain: a tool, a prompt or a resource. Anything else
 * may belong to any server, and guessing could run it where it does not belong.
 */
function ofExtension(view: CatalogView, method: string, params: JsonObject): Routing | undefined {
  const { name, uri } = params;
  const notFound = (): HubError => new HubError('METHOD_NOT_FOUND', `Method not found: ${method}`, { details: { method } });
  const target = typeof name === 'string' ? offeredName(view, name) : undefined;
  if (target) return { routes: [{ serverId: target.serverId, params: { ...params, name: target.name } }], notFound };
  const owner = typeof uri === 'string' ? offeredUri(view, uri) : undefined;
  return owner?.exact ? { routes: [{ serverId: owner.serverId, params: { ...params, uri: owner.uri } }], notFound } : undefined;
}

/** @throws HubError for what the config disables: the one server of an endpoint would be sent it as it is */
function offeredName(view: CatalogView, name: string): ReturnType<CatalogView['tool']> {
  const target = view.tool(name) ?? view.prompt(name);
  if (target) return target;
  const disabled = view.disabled('tools', name) ?? view.disabled('prompts', name);
  if (disabled?.exact) throw disabledError(disabled, name);
  return undefined;
}

/** @throws HubError as {@link offeredName} */
function offeredUri(view: CatalogView, uri: string): UriTarget | undefined {
  const [owner] = view.resource(uri);
  const disabled = owner && view.disabledUri(owner.serverId, owner.uri);
  if (disabled) throw disabledError(disabled, uri);
  return owner;
}

function named(view: CatalogView, kind: 'tools' | 'prompts', params: JsonObject): Routing {
  const name = text(params, 'name', kind === 'tools' ? 'tools/call' : 'prompts/get');
  const target = kind === 'tools' ? (view.tool(name) ?? view.plainTool(name)) : view.prompt(name);
  if (target)
    return {
      routes: [{ serverId: target.serverId, params: { ...params, name: target.name } }],
      notFound: () => nameNotFound(view, kind, name),
    };
  const disabled = view.disabled(kind, name);
  if (disabled?.exact) throw disabledError(disabled, name);
  return { routes: [], notFound: () => (disabled ? disabledError(disabled, name) : nameNotFound(view, kind, name)) };
}

function nameNotFound(view: CatalogView, kind: 'tools' | 'prompts', name: string): HubError {
  const closest = view.closest(kind, name);
  const what = kind === 'tools' ? 'tool' : 'prompt';
  const hint = closest.length > 0 ? ` Did you mean ${closest.join(', ')}?` : ` List them with ${kind}/list.`;
  return new HubError(kind === 'tools' ? 'TOOL_NOT_FOUND' : 'PROMPT_NOT_FOUND', `Unknown ${what}: ${name}.${hint}`, {
    details: { [what]: name, closest },
  });
}

function resource(view: CatalogView, params: JsonObject): Routing {
  const uri = text(params, 'uri', 'resources/read');
  return uriRouting(view, uri, readers(view, uri), (target) => ({ ...params, uri: target.uri }));
}

/** Servers that may be asked for a URI, best first, and why there is not another one. */
interface Allowed {
  readonly targets: readonly UriTarget[];
  readonly notFound: () => HubError;
}

function allowed(view: CatalogView, uri: string, all: readonly UriTarget[]): Allowed {
  const targets = all.filter((target) => !view.disabledUri(target.serverId, target.uri));
  const refusal = (): DisabledItem | undefined => {
    const asked = all.length > 0 ? all : view.servers.map((serverId) => ({ serverId, uri }));
    return asked.map((target) => view.disabledUri(target.serverId, target.uri)).find((item) => item !== undefined);
  };
  const notFound = (): HubError => {
    const item = refusal();
    return item ? disabledError(item, uri) : resourceNotFound(uri);
  };
  return { targets, notFound };
}

function uriRouting(view: CatalogView, uri: string, all: readonly UriTarget[], paramsFor: (target: UriTarget) => JsonObject): Routing {
  const { targets, notFound } = allowed(view, uri, all);
  // No server may be asked all the same, and none to come changes that.
  if (all.length > 0 && targets.length === 0) throw notFound();
  return { routes: targets.map((target) => ({ serverId: target.serverId, params: paramsFor(target) })), notFound };
}

/**
 * Who may be able to read a URI, best guess first. Listed URIs and the `<server>__<uri>` form are certain; any other
 * URI (a link in a tool's result need not be listed) is tried with the servers whose templates match, then with the
 * rest.
 */
function readers(view: CatalogView, uri: string): readonly UriTarget[] {
  const known = view.resource(uri);
  if (known[0]?.exact) return known.slice(0, 1);
  const others = view.servers.filter((id) => !known.some(({ serverId }) => serverId === id));
  return [...known, ...others.map((serverId) => ({ serverId, uri, exact: false }))];
}

/** Who may be subscribed to a resource. */
export function subscribable(view: CatalogView, uri: string): Allowed {
  return allowed(view, uri, view.resource(uri));
}

export function resourceNotFound(uri: string): HubError {
  return new HubError('RESOURCE_NOT_FOUND', `Resource not found: ${uri}. List them with resources/list.`, { details: { uri } });
}

function completion(view: CatalogView, params: JsonObject): Routing {
  const { ref } = params;
  if (isObject(ref) && ref['type'] === 'ref/prompt') {
    const { routes, notFound } = named(view, 'prompts', ref);
    return { routes: routes.map((route) => ({ serverId: route.serverId, params: { ...params, ref: route.params } })), notFound };
  }
  if (isObject(ref) && ref['type'] === 'ref/resource') {
    const uri = text(ref, 'uri', 'completion/complete');
    return uriRouting(view, uri, view.template(uri), (target) => ({ ...params, ref: { ...ref, uri: target.uri } }));
  }
  throw new HubError('VALIDATION_ERROR', 'completion/complete needs params.ref with type "ref/prompt" or "ref/resource".');
}

function text(params: JsonObject, field: string, method: string): string {
  const value = params[field];
  if (typeof value === 'string') return value;
  throw new HubError('VALIDATION_ERROR', `${method} needs a string in params.${field}.`, { details: { field: `params.${field}` } });
}
