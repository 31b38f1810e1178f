import type { Secret } from '../../base/index.ts';
import type { Dialect } from './convert.ts';

/** What the places of config files depend on. */
export interface Machine {
  readonly env: NodeJS.ProcessEnv;
  /** The person's home folder. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** The project folder: where the command runs. */
  readonly cwd: string;
}

/** Whether a config file is for everything a person does, or for one project. */
export type Scope = 'user' | 'project';

/** A config file of a client, there or not. */
export interface Place {
  readonly scope: Scope;
  readonly path: string;
}

/** What a client is to connect to. */
export type HubTarget = HubAddress | { readonly kind: 'command'; readonly command: string; readonly args: readonly string[] };

export interface HubAddress {
  readonly kind: 'url';
  readonly url: string;
  /** What the client is to send as a bearer token. */
  readonly key?: Secret | undefined;
  /** Whose hub it is that asks for a key there; absent for one that asks for none, or does not run. */
  readonly asks?: 'own' | 'foreign' | undefined;
}

export type Values = Readonly<Record<string, unknown>>;

export const clientIds = ['claude-desktop', 'claude-code', 'cursor', 'vscode', 'codex', 'windsurf', 'zed', 'opencode', 'gemini'] as const;
export type ClientId = (typeof clientIds)[number];

/** One MCP client: where its config is, how servers stand in it, and how the hub is spelled there. */
export interface Client {
  readonly id: ClientId;
  /** For people. */
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** It knows no addresses, only commands. */
  readonly spawnOnly?: true;
  /** Its config files, per scope the preferred one first. */
  places(machine: Machine): readonly Place[];
  /** The keys that lead to an object of servers by name, for every such object of a document. */
  serverMaps(document: Values, machine: Machine): readonly (readonly string[])[];
  /** The keys that lead to where a new entry goes. */
  homeOf(document: Values): readonly string[];
  /** The hub's entry in the client's spelling. */
  entry(target: HubTarget, document: Values): Values;
  /** How its entries become the hub's. */
  readonly dialect: Dialect;
}

export function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What stands at the end of `path`. */
export function valueAt(document: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined), document);
}

/** The config files of a client, each once: in the home folder a project's file may be the person's own. */
export function placesOf(client: Client, machine: Machine): readonly Place[] {
  const places = client.places(machine);
  return places.filter(({ path }, index) => places.findIndex((place) => place.path === path) === index);
}
