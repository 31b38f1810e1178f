import { resolve } from 'node:path';
import { HubError, messageOf } from '../base/index.ts';
import type { HubConfig } from './config.ts';
import { type ConfigDiff, diffConfigs } from './diff.ts';
import { type EditLockOptions, withEditLock } from './edit-lock.ts';
import { type EditOptions, type EditPlan, planEdit, refuseNewErrors } from './edit-plan.ts';
import type { ServerEdit } from './edit.ts';
import type { LoadOptions } from './load.ts';
import { writeFileAtomically } from './write-file.ts';

/** A config that has just come into force. */
export interface ConfigChange {
  /** `undefined` with the very first one. */
  readonly before: HubConfig | undefined;
  readonly after: HubConfig;
  /** Empty with the very first one. */
  readonly diff: ConfigDiff;
}

export interface Applied {
  readonly config: HubConfig;
  readonly diff: ConfigDiff;
  /** Resolves when everything that runs goes by it, or has failed to. Never rejects. */
  readonly done: Promise<void>;
}

export interface EditResult extends EditPlan {
  /** `undefined` for a dry run. */
  readonly applied: Applied | undefined;
}

export interface ConfigStoreOptions extends EditLockOptions {
  readonly load: (how: Pick<LoadOptions, 'texts' | 'whenGone'>) => Promise<HubConfig>;
  /** The workspace folder. */
  readonly cwd: LoadOptions['cwd'];
  /**
   * Makes what runs go by a config that has come into force. Called in the order of the changes and before the next one is
   * looked at, which does not wait for what it returns: a server that takes minutes to start holds no other change up.
   */
  readonly follow: (change: ConfigChange) => Promise<void>;
}

/** How often an edit begins anew because somebody else wrote the file meanwhile. */
const ATTEMPTS = 5;

/**
 * The one road for every config change (docs/architecture.md): holds the value in force and replaces it as a whole,
 * one change at a time, in the order they were asked for.
 */
export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  #current: HubConfig | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  /** The config in force. Only after the first {@link apply} has succeeded. */
  get current(): HubConfig {
    if (!this.#current) throw new HubError('UNHANDLED_ERROR', 'The configuration was asked for before it was loaded.');
    return this.#current;
  }

  /**
   * Loads the config and puts it in force. When that fails, nothing has moved.
   *
   * @param keepsGone whether a file that was there and is gone counts as it was, for when nobody has said that it is meant to be gone
   * @throws HubError CONFIG_ERROR, as `loadConfig`
   */
  apply({ keepsGone = false }: { readonly keepsGone?: boolean } = {}): Promise<Applied> {
    return this.#inOrder(() => this.#apply(keepsGone));
  }

  /**
   * Changes entries of one file, and puts the result in force. It is looked at as a whole before it is written: where it cannot be
   * used, or an entry would get an error of its own, nothing has moved. What others write into the file at the same time is kept: hubs
   * and commands take turns, and for anybody else the edit begins anew. So is what another file said that is gone.
   *
   * @throws HubError VALIDATION_ERROR (an entry, `details.diagnostics`), CONFIG_ERROR (the result as a whole, or a file that cannot be
   * edited), PRECONDITION_FAILED (`ifMatch`), CONFLICT (others write the file again and again), and what `editServers` throws
   */
  edit(edits: readonly ServerEdit[], options: EditOptions): Promise<EditResult> {
    return this.#inOrder(() => this.#edit(edits, options));
  }

  /** Whoever asked for a change hears of its failure; the next change does not depend on it. */
  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  async #apply(keepsGone: boolean): Promise<Applied> {
    const before = this.#current;
    const after = await this.#options.load({ whenGone: keepsGone ? before?.texts : undefined });
    this.#current = after;
    const diff = diffConfigs(before ?? after, after);
    return { config: after, diff, done: this.#options.follow({ before, after, diff }) };
  }

  async #edit(edits: readonly ServerEdit[], options: EditOptions): Promise<EditResult> {
    const { file, dryRun } = options;
    const names = this.current.files;
    if (!names.includes(file)) throw notAConfigFile(file, names);
    if (dryRun === true) return { ...(await this.#plan(edits, options)), applied: undefined };
    const place = { file, path: resolve(this.#options.cwd, file) };
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const plan = await withEditLock(place, this.#options, (isOurs) => this.#write(edits, options, isOurs));
      if (plan) return { ...plan, applied: await this.#apply(true) };
    }
    const message = `${file} is being written by somebody else again and again; nothing was changed. Try again.`;
    throw new HubError('CONFLICT', message, { details: { file } });
  }

  async #plan(edits: readonly ServerEdit[], options: EditOptions): Promise<EditPlan> {
    const { cwd, load } = this.#options;
    const plan = await planEdit(edits, options, cwd);
    refuseNewErrors(edits, this.current, await load({ texts: new Map([[options.file, plan.after]]), whenGone: this.current.texts }));
    return plan;
  }

  /** @returns what was done; `undefined` when somebody who needs no lock, as an editor, wrote the file meanwhile */
  async #write(edits: readonly ServerEdit[], options: EditOptions, isOurs: () => Promise<boolean>): Promise<EditPlan | undefined> {
    const plan = await this.#plan(edits, options);
    if (!(await isOurs()) || !(await plan.isStillTrue())) return undefined;
    if (plan.after !== plan.before) await write(plan);
    return plan;
  }
}

async function write({ file, path, after }: EditPlan): Promise<void> {
  try {
    await writeFileAtomically(path, after);
  } catch (cause) {
    const message = `${file} cannot be written; nothing was changed: ${messageOf(cause)}`;
    throw new HubError('CONFIG_ERROR', message, { cause, details: { file } });
  }
}

function notAConfigFile(file: string, names: readonly string[]): HubError {
  const message = `${JSON.stringify(file)} is none of the config files of this hub. "file" is one of: ${names.join(', ')}.`;
  return new HubError('VALIDATION_ERROR', message, { details: { field: 'file', files: names } });
}
