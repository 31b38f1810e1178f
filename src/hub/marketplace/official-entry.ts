import { isObject } from '../../protocol/index.ts';
import { type Installation, objectsOf, present, type RegistryEntry, textOf } from './entries.ts';
import { packageInstallation } from './package-installation.ts';
import { remoteInstallation } from './remote-installation.ts';

/** Where the official registry keeps what it knows of an entry itself. */
const OFFICIAL = 'io.modelcontextprotocol.registry/official';

/**
 * An entry of the MCP Registry API (`{server: server.json, _meta}`) in the marketplace's shape; `undefined` for one that is
 * deleted there or is none. Remotes come first: they need nothing on this machine.
 */
export function officialEntry(value: unknown): RegistryEntry | undefined {
  const server = isObject(value) ? value['server'] : undefined;
  if (!isObject(value) || !isObject(server)) return undefined;
  const id = textOf(server['name']);
  const meta = officialMeta(value);
  const status = textOf(meta['status']);
  if (id === undefined || status === 'deleted') return undefined;
  return {
    id,
    name: textOf(server['title']) ?? id.slice(id.indexOf('/') + 1),
    description: textOf(server['description']) ?? '',
    author: id.replace(/^io\.github\.|\/.*$/g, ''),
    url: repositoryAddress(server['repository']) ?? textOf(server['websiteUrl']) ?? '',
    category: '',
    tags: status === 'deprecated' ? ['official', 'deprecated'] : ['official'],
    registryName: id,
    ...installationsOf(server),
    ...times(meta),
    ...present({ version: textOf(server['version']) }),
  };
}

function installationsOf(server: Readonly<Record<string, unknown>>): Pick<RegistryEntry, 'installations' | 'notInstallable'> {
  const found = [...objectsOf(server['remotes']).map(remoteInstallation), ...objectsOf(server['packages']).map(packageInstallation)];
  const notInstallable = found.filter((item) => typeof item === 'string');
  return {
    installations: withUniqueNames(found.filter((item) => typeof item !== 'string')),
    ...(notInstallable.length > 0 && { notInstallable }),
  };
}

function times(meta: Readonly<Record<string, unknown>>): Partial<RegistryEntry> {
  const updatedAt = seconds(meta['updatedAt']) ?? seconds(meta['publishedAt']);
  return present({ lastCommit: updatedAt, updatedAt });
}

function officialMeta(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const meta = isObject(value['_meta']) ? value['_meta'][OFFICIAL] : undefined;
  return isObject(meta) ? meta : {};
}

function seconds(value: unknown): number | undefined {
  const atMs = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.floor(atMs / 1000);
}

/** A server in a folder of its repository is shown, and compared, by that folder. */
function repositoryAddress(repository: unknown): string | undefined {
  if (!isObject(repository)) return undefined;
  const url = textOf(repository['url']);
  const folder = textOf(repository['subfolder'])?.replace(/^\/+|\/+$/g, '');
  if (url === undefined || !folder || url.includes('/tree/')) return url;
  return `${url.replace(/(?:\.git)?\/*$/, '')}/tree/HEAD/${folder}`;
}

/** People choose an installation by its name. */
export function withUniqueNames(installations: readonly Installation[]): readonly Installation[] {
  const seen = new Map<string, number>();
  return installations.map((item) => {
    const count = (seen.get(item.name) ?? 0) + 1;
    seen.set(item.name, count);
    return count === 1 ? item : { ...item, name: `${item.name} ${count}` };
  });
}
