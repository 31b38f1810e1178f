import { resolve } from 'node:path';
import { HubError, REDACTED } from '../base/index.ts';
import {
  type EditOptions,
  type EditResult,
  etagOf,
  maskedDiff,
  maskEntry,
  readConfigFile,
  readText,
  type ServerEdit,
} from '../config/index.ts';
import type { ConfigControl, ConfigEditOptions, ConfigEditResult, ServerControl } from '../http/index.ts';
import type { LiveConfig } from './live-config.ts';
import { type StartWait, unknownServer } from './server-control.ts';

export interface HubConfigControlOptions {
  readonly config: LiveConfig;
  readonly servers: Pick<ServerControl, 'all'>;
  readonly cwd: string;
  readonly waitForStart: StartWait;
}

type Entries = Readonly<Record<string, unknown>>;

/** The config files, as the management API has them: entries are read and changed where they stand, secrets masked. */
export class HubConfigControl implements ConfigControl {
  readonly #options: HubConfigControlOptions;

  constructor(options: HubConfigControlOptions) {
    this.#options = options;
  }

  async entry(name: string): Promise<{ readonly entry: object; readonly file: string; readonly etag: string }> {
    const file = this.#fileOf(name);
    const text = (await readText(resolve(this.#options.cwd, file))) ?? '';
    const entry = maskEntry(this.#entries(file, text).get(name));
    // The file may have been changed and not been loaded again.
    if (typeof entry !== 'object' || entry === null) throw unknownServer(name, []);
    return { entry, file, etag: etagOf(text) };
  }

  async add(name: string, entry: object, options: ConfigEditOptions & { readonly file?: string | undefined }): Promise<ConfigEditResult> {
    const { config } = this.#options;
    const known = config.current.servers.find(({ id }) => id === name);
    if (known) {
      const message = `Server "${name}" is configured already, in ${known.source}. Change it, remove it first, or choose another name.`;
      throw new HubError('ALREADY_EXISTS', message, { details: { server: name, file: known.source } });
    }
    refuseMask(entry, 'The entry');
    const file = options.file ?? config.current.files.at(-1) ?? '';
    const written = options.isFromElsewhere ? publicEntry({ ...entry }) : { ...entry };
    return this.#edit({ kind: 'set', name, entry: written }, { ...options, file, isNew: true });
  }

  async change(name: string, patch: object, options: ConfigEditOptions): Promise<ConfigEditResult> {
    refuseMask(patch, 'The change');
    const file = this.#fileOf(name);
    const known = this.#options.config.current.servers.find(({ id }) => id === name);
    // An address with a placeholder is another one with another variable.
    const more = known?.kind === 'remote' && [known.url, ...(known.urls ?? [])].some((url) => url.includes('$')) ? ['env'] : [];
    const written = options.isFromElsewhere ? publicEntry({ ...patch }, more) : { ...patch };
    return this.#edit({ kind: 'patch', name, patch: written }, { ...options, file });
  }

  async remove(name: string, options: ConfigEditOptions): Promise<ConfigEditResult> {
    return this.#edit({ kind: 'remove', name }, { ...options, file: this.#fileOf(name) });
  }

  async #edit(edit: ServerEdit, options: EditOptions): Promise<ConfigEditResult> {
    const result = await this.#options.config.edit([edit], options);
    if (result.applied) await this.#options.waitForStart(result.applied.done);
    const server = result.applied && this.#options.servers.all().find(({ name }) => name === edit.name);
    return { file: result.file, etag: result.etag, diff: await this.#diff(result), ...(server && { server }) };
  }

  #diff({ file, before, after }: EditResult): Promise<string> {
    const texts = [before, after].filter((text) => text.trim() !== '');
    return maskedDiff(
      file,
      before,
      after,
      texts.flatMap((text) => [...this.#entries(file, text).values()]),
    );
  }

  #entries(file: string, text: string): ReadonlyMap<string, unknown> {
    const { mcpServers } = readConfigFile({ file, text }, this.#options.cwd).document;
    return new Map(Object.entries(isRecord(mcpServers) ? mcpServers : {}));
  }

  #fileOf(name: string): string {
    const { servers } = this.#options.config.current;
    const found = servers.find(({ id }) => id === name);
    if (!found) throw unknownServer(name, servers);
    return found.source;
  }
}

/**
 * An entry, or a patch of one, that says where a server is: written from another machine, it must not lead the hub to where only the
 * hub can go. Whoever may edit the file itself can take that out.
 */
function publicEntry(written: Entries, more: readonly string[] = []): Entries {
  const isAboutPlace = ['url', 'urls', 'publicOnly', ...more].some((key) => key in written);
  return isAboutPlace ? { ...written, publicOnly: true } : written;
}

/** Somebody sends back what was shown to them: the secret behind the mask would be lost. */
function refuseMask(value: object, what: string): void {
  const field = maskedField(value, '');
  if (field === undefined) return;
  const message = `${what} holds ${REDACTED} at ${field}, which stands for a value that is not shown. Leave it out to keep the value, or give a new one.`;
  throw new HubError('VALIDATION_ERROR', message, { details: { field } });
}

function maskedField(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return value.includes(REDACTED) ? path : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = maskedField(item, path === '' ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
