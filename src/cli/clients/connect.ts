import { isDeepStrictEqual } from 'node:util';
import { HubError, isHubError } from '../../base/index.ts';
import { maskEntry } from '../../config/index.ts';
import { type Backup, dropBackup, hashOf, loadBackup, saveBackup } from './backup.ts';
import { type Client, type HubTarget, isRecord, type Machine, type Place, type Scope, type Values, valueAt } from './client.ts';
import { type ClientFile, missingFolders, readClientFile, writeClientFile } from './client-file.ts';
import { editDocument, readDocument } from './document.ts';
import { addressIn, isHubEntry } from './own-entry.ts';
import { removeEntry } from './undo.ts';

export interface ConnectWish {
  readonly client: Client;
  readonly scope: Scope;
  /** Of the hub's entry. */
  readonly name: string;
  readonly target: HubTarget;
  readonly machine: Machine;
  /** Of the hubs that run. */
  readonly ports: readonly number[];
}

/** What a `connect` is going to do. */
export interface ConnectPlan {
  readonly client: Client;
  readonly scope: Scope;
  readonly name: string;
  readonly file: ClientFile;
  readonly entryPath: readonly string[];
  readonly entry: Values;
  /** The same with its key masked, for people and programs to see. */
  readonly shownEntry: Values;
  /** The text afterwards; the same as before when the client is connected already. */
  readonly text: string;
  /** The names of other entries of the client that are hubs too. */
  readonly others: readonly string[];
  /** The name under which the client has this very entry already. */
  readonly connectedAs: string | undefined;
}

/**
 * The file of a client in a scope: of several that may be, the one that is there, else the preferred one.
 *
 * @throws HubError USAGE when the client has none in this scope
 */
async function findClientFile({ client, scope, machine }: Pick<ConnectWish, 'client' | 'scope' | 'machine'>): Promise<ClientFile> {
  const places = client.places(machine).filter((place: Place) => place.scope === scope);
  const [preferred] = places;
  if (!preferred) {
    throw new HubError('USAGE', `${client.title} has no config file of its own for a project. Leave out --scope project.`, {
      details: { client: client.id },
    });
  }
  for (const { path } of places) {
    const file = await readClientFile(path);
    if (file.bytes) return file;
  }
  return readClientFile(preferred.path);
}

/**
 * Works out what to write; nothing is written.
 *
 * @throws HubError CONFIG_ERROR when the file cannot be read, ALREADY_EXISTS when another server has the name
 */
export async function planConnect(wish: ConnectWish): Promise<ConnectPlan> {
  const { client, scope, name, target, ports } = wish;
  const file = await findClientFile(wish);
  const document = { file: file.path, format: client.format, text: file.text };
  const values = readDocument(document);
  const home = client.homeOf(values);
  const entryPath = [...home, name];
  const map = valueAt(values, home);
  const present = valueAt(values, entryPath);
  const entry = withKeyOf(present, client.entry(target, values));
  const others = Object.entries(isRecord(map) ? map : {}).filter(([key, raw]) => key !== name && isHubEntry(key, raw, ports));
  const plan = { client, scope, name, file, entryPath, entry, shownEntry: shown(entry), others: others.map(([key]) => key) };
  const connectedAs = sameEntry(map, name, entry);
  if (connectedAs !== undefined) return { ...plan, text: file.text, connectedAs };
  if (present !== undefined && !isHubEntry(name, present, ports)) {
    const message = `${file.path} has a server "${name}" that is not a hub. Choose another name for the hub with --name.`;
    throw new HubError('ALREADY_EXISTS', message, { details: { file: file.path, name } });
  }
  return { ...plan, text: editDocument(document, entryPath, entry), connectedAs };
}

/** What clients call the headers of an entry. */
const HEADERS = ['headers', 'http_headers'];

/** The entry with the key that the client has for the same address: it was shown once, and may be nowhere else. */
function withKeyOf(present: unknown, entry: Values): Values {
  if (!isRecord(present) || keyField(entry) !== undefined) return entry;
  const field = keyField(present);
  const address = addressIn(entry);
  return field === undefined || address === undefined || addressIn(present) !== address ? entry : { ...entry, [field]: present[field] };
}

/** The entry with its key masked; the entry itself where it has none. */
function shown(entry: Values): Values {
  const field = keyField(entry);
  return field === undefined ? entry : { ...entry, [field]: Object(maskEntry({ headers: entry[field] })).headers };
}

/** The field in which an entry has a key. */
function keyField(entry: Values): string | undefined {
  return HEADERS.find((field) => Object.keys(Object(entry[field])).some((name) => /^authorization$/i.test(name)));
}

/**
 * Keeps a backup and writes the file.
 *
 * @returns the path of the backup
 * @throws HubError CONFLICT when the file has changed since the plan was made
 */
export async function carryOut(plan: ConnectPlan, stateDir: string): Promise<string> {
  const { client, name, file, entryPath, entry } = plan;
  const bytes = Buffer.from(plan.text, 'utf8');
  const earlier = await loadBackup(stateDir, file.target, name);
  const backup: Backup = {
    version: 1,
    client: client.id,
    path: file.path,
    target: file.target,
    name,
    entryPath,
    entry,
    ...(await origin(plan, earlier)),
    after: hashOf(bytes),
    time: new Date().toISOString(),
  };
  const path = await saveBackup(stateDir, backup);
  try {
    await writeClientFile(file, bytes);
  } catch (error) {
    // Nothing has happened, so there is nothing more to undo than before.
    await (earlier ? saveBackup(stateDir, earlier) : dropBackup(stateDir, backup));
    throw error;
  }
  return path;
}

/** What `--undo` goes back to: the state before the first of several connects. */
async function origin({ client, file }: ConnectPlan, earlier: Backup | undefined): Promise<Pick<Backup, 'before' | 'folders'>> {
  const now = file.bytes?.toString('base64') ?? null;
  if (!earlier || !file.bytes) return { before: now, folders: await missingFolders(file.target) };
  if (hashOf(file.bytes) === earlier.after) return { before: earlier.before, folders: earlier.folders };
  return { before: withoutHub(client, file, earlier)?.toString('base64') ?? now, folders: [] };
}

/** Somebody else has written in between: what they wrote stays, and the hub's entry is what goes. One that they changed is theirs. */
function withoutHub(client: Client, file: ClientFile, earlier: Backup): Buffer | undefined {
  try {
    const text = removeEntry(client.format, file, earlier);
    return text === undefined ? undefined : Buffer.from(text, 'utf8');
  } catch (error) {
    if (!isHubError(error, 'CONFLICT')) throw error;
    return undefined;
  }
}

function sameEntry(map: unknown, name: string, entry: Values): string | undefined {
  if (!isRecord(map)) return undefined;
  if (isDeepStrictEqual(map[name], entry)) return name;
  return Object.keys(map).find((key) => isDeepStrictEqual(map[key], entry));
}
