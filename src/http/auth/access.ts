import type { KeyScope } from '../../config/index.ts';
import type { Principal } from '../../gateway/index.ts';

/** Who makes a request, and what they may do. */
export interface Caller {
  readonly principal: Principal;
  /** `undefined` for whom no key was asked: what they may do depends on where they are alone. */
  readonly scopes?: ReadonlySet<KeyScope> | undefined;
  /** The key that was sent; absent also for the credential that the hub's own command line has. */
  readonly keyId?: string | undefined;
}

/** A key that is good now. */
export interface KnownKey {
  readonly id: string;
  readonly scopes: ReadonlySet<KeyScope>;
  /** Of the person who runs the hub, on this machine: the hub's own command line. */
  readonly isOwner?: boolean | undefined;
}

/** The keys of the hub, as requests meet them; the composition root has them. */
export interface AccessKeys {
  /** Whether every request needs a key now. */
  readonly isNeeded: boolean;
  /** The key of that text, if it is good now. */
  find(text: string): KnownKey | undefined;
  /** Whether a key that was found is still good. */
  isGood(id: string): boolean;
}

/** For a hub without keys. */
export const NO_KEYS: AccessKeys = { isNeeded: false, find: () => undefined, isGood: () => false };
