import { replaceAll, spellingsOf } from './redaction.ts';

export interface KnownSecretsLimits {
  /** Most that are remembered; the one that was learned longest ago is forgotten first. */
  readonly maxCount: number;
  /** Most characters of all of them together. */
  readonly maxLength: number;
}

/** Renewed tokens come and go. */
const OF_A_LOGIN: KnownSecretsLimits = { maxCount: 200, maxLength: 4 * 1_024 * 1_024 };

/** Secrets that come while a server runs, also those that are over since: it may quote them long after the hub has forgotten them. */
export class KnownSecrets {
  readonly #limits: KnownSecretsLimits;
  /** Each with its spellings, as soon as these were needed: errors are rare, and requests with a secret are not. */
  readonly #known = new Map<string, readonly string[] | undefined>();
  #length = 0;

  constructor(limits: KnownSecretsLimits = OF_A_LOGIN) {
    this.#limits = limits;
  }

  learn(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) if (secret !== undefined && secret !== '') this.#learn(secret);
  }

  /** The text with each of them replaced, also where it stands in JSON or in an address. */
  redact(text: string): string {
    const found: string[] = [];
    for (const [secret, known] of this.#known) {
      const spellings = known ?? spellingsOf(secret);
      if (!known) this.#known.set(secret, spellings);
      for (const spelling of spellings) if (text.includes(spelling)) found.push(spelling);
    }
    return replaceAll(text, found);
  }

  #learn(secret: string): void {
    const { maxCount, maxLength } = this.#limits;
    const spellings = this.#known.get(secret);
    if (!this.#known.delete(secret)) this.#length += secret.length;
    this.#known.set(secret, spellings);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= maxCount && this.#length <= maxLength) break;
      this.#known.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}
