import { isObject } from '../../protocol/index.ts';

/** A value that the person who installs has to give; it stands as `${key}` in the config of its installation. */
export interface Parameter {
  /** For people. */
  readonly name: string;
  readonly key: string;
  readonly description?: string;
  /** An example of a value. */
  readonly placeholder?: string;
  /** Absent means yes, as the registry has it. */
  readonly required?: boolean;
  /** Taken when nothing is given. */
  readonly default?: string;
  readonly secret?: boolean;
  /** The only values it may have. */
  readonly choices?: readonly string[];
  readonly format?: 'number' | 'boolean' | 'filepath';
  /** It may be given several times, each becoming an argument of its own. */
  readonly repeated?: boolean;
  /** The argument in front of it, which is left out together with it. */
  readonly flag?: string;
}

/** One way to run a server. */
export interface Installation {
  readonly name: string;
  readonly description?: string;
  /** A server entry of the config file as JSON, with `${key}` for each parameter. */
  readonly config: string;
  readonly prerequisites?: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly transports?: readonly string[];
}

/** One server of the marketplace. The shape is read by editors: no field may change its meaning. */
export interface RegistryEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly author: string;
  readonly url: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly installations: readonly Installation[];
  readonly featured?: boolean;
  readonly verified?: boolean;
  readonly stars?: number;
  /** Seconds since the epoch. */
  readonly lastCommit?: number;
  /** Seconds since the epoch. */
  readonly updatedAt?: number;
  readonly license?: string;
  /** Its name in the official registry, where it is there too. */
  readonly registryName?: string;
  readonly version?: string;
  /** What the registry offers that this hub cannot run, in words. */
  readonly notInstallable?: readonly string[];
}

/** Longer texts of a registry are cut: a list is for reading. */
const MAX_TEXT = 4000;
const MAX_ITEMS = 100;

type Json = Readonly<Record<string, unknown>>;

/** A string that is not empty, of bounded length. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.slice(0, MAX_TEXT) : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function flagOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

export function objectsOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.slice(0, MAX_ITEMS).filter(isObject) : [];
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, MAX_ITEMS).flatMap((item) => textOf(item) ?? []) : [];
}

/** `undefined` for what is no absolute address. */
export function addressOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** `object` without what is `undefined`. */
export function present<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  // What is left out was undefined; the rest is as it was.
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** An entry of the community registry, or of a cached list; `undefined` when it lacks what makes it one. */
export function readEntry(value: unknown): RegistryEntry | undefined {
  if (!isObject(value)) return undefined;
  const id = textOf(value['id']);
  if (id === undefined) return undefined;
  const shared = objectsOf(value['parameters']);
  const transports = textsOf(value['transports']);
  return {
    id,
    name: textOf(value['name']) ?? id,
    description: textOf(value['description']) ?? '',
    author: textOf(value['author']) ?? '',
    url: textOf(value['url']) ?? '',
    category: textOf(value['category']) ?? '',
    tags: textsOf(value['tags']),
    installations: objectsOf(value['installations']).flatMap((item) => readInstallation(item, shared, transports) ?? []),
    ...optionalFields(value),
  };
}

function optionalFields(value: Json): Partial<RegistryEntry> {
  const notInstallable = textsOf(value['notInstallable']);
  return present({
    featured: flagOf(value['featured']),
    verified: flagOf(value['verified']),
    stars: numberOf(value['stars']),
    lastCommit: numberOf(value['lastCommit']),
    updatedAt: numberOf(value['updatedAt']),
    license: textOf(value['license']),
    registryName: textOf(value['registryName']),
    version: textOf(value['version']),
    notInstallable: notInstallable.length > 0 ? notInstallable : undefined,
  });
}

/** Parameters may stand at the entry, for all its installations. */
function readInstallation(value: Json, shared: readonly Json[], transports: readonly string[]): Installation | undefined {
  const name = textOf(value['name']);
  const { config } = value;
  if (name === undefined || typeof config !== 'string' || config.length > MAX_TEXT * 4) return undefined;
  const own = textsOf(value['transports']);
  const prerequisites = textsOf(value['prerequisites']);
  const all = [...objectsOf(value['parameters']), ...shared].flatMap((item) => readParameter(item) ?? []);
  const parameters = [...new Map(all.toReversed().map((item) => [item.key, item])).values()].toReversed();
  return {
    name,
    config,
    parameters: parameters.filter(({ key }) => config.includes(`\${${key}}`)),
    ...present({
      description: textOf(value['description']),
      prerequisites: prerequisites.length > 0 ? prerequisites : undefined,
      transports: own.length > 0 ? own : transports.length > 0 ? transports : undefined,
    }),
  };
}

const FORMATS = ['number', 'boolean', 'filepath'] as const;

export function formatOf(value: unknown): Parameter['format'] {
  return FORMATS.find((format) => format === value);
}

function readParameter(value: Json): Parameter | undefined {
  const key = textOf(value['key']);
  if (key === undefined) return undefined;
  const choices = textsOf(value['choices']);
  return {
    name: textOf(value['name']) ?? key,
    key,
    ...present({
      description: textOf(value['description']),
      placeholder: textOf(value['placeholder']),
      required: flagOf(value['required']),
      default: textOf(value['default']),
      secret: flagOf(value['secret']),
      choices: choices.length > 0 ? choices : undefined,
      format: formatOf(value['format']),
      repeated: flagOf(value['repeated']),
      flag: textOf(value['flag']),
    }),
  };
}
