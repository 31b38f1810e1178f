import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic, HubConfig, ServerDefinition } from './config.ts';

/** What one config has that another had not. Servers are told by their names, in the order of the config. */
export interface ConfigDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Those of which something is different that readers of the config care for. */
  readonly modified: readonly string[];
  readonly unchanged: readonly string[];
  /** Those whose process or connection was made from something else: what is there already does not do any more. */
  readonly restart: ReadonlySet<string>;
  /** The settings that are different. */
  readonly settings: readonly (keyof HubConfig['settings'])[];
  /** Something is added, removed or modified. */
  readonly isSignificant: boolean;
  /** The files are the same, byte for byte. */
  readonly isEmpty: boolean;
}

/** Everything a server is started from. */
const STARTED_FROM = [
  'kind',
  'command',
  'args',
  'env',
  'envFile',
  'cwd',
  'url',
  'headers',
  'forwardHeaders',
  'publicOnly',
  'oauth',
  'transport',
  'disabled',
  'maxMessageBytes',
] as const;
/**
 * What people see of it, or others act on, while the server itself runs on. Whatever stands in neither list, as time limits,
 * `start`, `idleTimeout` and `restart`, holds from the next occasion on. Replicas come and go one by one.
 */
const SHOWN = ['displayName', 'source', 'dev', 'replicas', 'urls'] as const;

/** Compares the config in force with the one that is to come. Pure. */
export function diffConfigs(before: HubConfig, after: HubConfig): ConfigDiff {
  const old = new Map(before.servers.map((definition) => [definition.id, definition]));
  const now = new Set(after.servers.map(({ id }) => id));
  const added: string[] = [];
  const modified: string[] = [];
  const unchanged: string[] = [];
  const restart = new Set<string>();
  for (const definition of after.servers) {
    const was = old.get(definition.id);
    const isSame = was === definition;
    const list = !was ? added : !isSame && isModified(was, definition) ? modified : unchanged;
    list.push(definition.id);
    if (was && !isSame && isStartedAnew(was, definition)) restart.add(definition.id);
  }
  const removed = before.servers.map(({ id }) => id).filter((id) => !now.has(id));
  return {
    added,
    removed,
    modified,
    unchanged,
    restart,
    settings: settingsOf(after).filter((name) => !isDeepStrictEqual(before.settings[name], after.settings[name])),
    isSignificant: added.length + removed.length + modified.length > 0,
    isEmpty: before.digest === after.digest,
  };
}

function settingsOf({ settings }: HubConfig): (keyof HubConfig['settings'])[] {
  return Object.keys(settings).filter((name): name is keyof HubConfig['settings'] => name in settings);
}

function isStartedAnew(was: ServerDefinition, is: ServerDefinition): boolean {
  return differsIn(STARTED_FROM, was, is) || !isDeepStrictEqual(problems(was.errors), problems(is.errors));
}

function isModified(was: ServerDefinition, is: ServerDefinition): boolean {
  return differsIn(SHOWN, was, is) || isStartedAnew(was, is);
}

function differsIn(keys: readonly string[], was: ServerDefinition, is: ServerDefinition): boolean {
  const [one, other] = [new Map(Object.entries(was)), new Map(Object.entries(is))];
  return keys.some((key) => !isDeepStrictEqual(one.get(key), other.get(key)));
}

/** What is wrong, wherever in the file it stands by now. */
function problems(errors: readonly Diagnostic[]): readonly string[] {
  return errors.map(({ keyPath, message }) => `${keyPath}: ${message}`);
}
