import type { IncomingMessage } from 'node:http';
import { type Clock, type Disposable, type HubError, type Logger } from '../../base/index.ts';
import { looksLikeKey } from '../../config/index.ts';
import { LOCAL_PRINCIPAL } from '../../downstream/index.ts';
import { clientAddress } from '../guards/proxies.ts';
import type { AccessKeys, Caller, KnownKey } from './access.ts';
import { credentialOf } from './credential.ts';
import { keyNeeded, tooManyWrong, wrongKey } from './refusals.ts';
import { WrongKeys } from './wrong-keys.ts';

/** How soon what a key has open ends when the key does, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Where an authorization server sends the browser back to; its `state` is what lets it in. */
export const CALLBACK_PATH = '/api/oauth/callback';
/** Says to strangers that a hub is here, and nothing else. */
const HEALTH_PATH = '/api/health';

export interface DoorOptions {
  readonly keys: AccessKeys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Names, addresses and networks of reverse proxies; asked anew for every use. */
  readonly trustedHosts: () => readonly string[];
  readonly sessions: HeldSessions;
}

/** What stays open although nobody listens. */
interface HeldSessions {
  readonly hasSessions: boolean;
  endSessionsOf(principalId: string): void;
}

/** Everybody, where nobody is asked for a key. */
export const ANYBODY: Caller = { principal: LOCAL_PRINCIPAL };
/** Who came without a key where one is needed, to one of the few places that are open all the same. */
const STRANGER: Caller = { principal: { id: 'stranger' }, scopes: new Set() };

/** Whether somebody came without a key where one is needed. */
export const isStranger = (caller: Caller): boolean => caller === STRANGER;

export type Admission =
  | { readonly caller: Caller; readonly refusal?: undefined }
  | { readonly refusal: HubError; readonly caller?: undefined };

const LETS_ANYBODY_IN: Admission = { caller: ANYBODY };

/** Something that is open for a caller: an answer, a stream. */
interface Closable {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** Asks who comes, and ends what a key has open soon after the key is revoked or over. */
export class Door {
  readonly #options: DoorOptions;
  readonly #wrong: WrongKeys;
  readonly #callers = new Map<string, { readonly key: KnownKey; readonly caller: Caller }>();
  readonly #open = new Map<string, Set<Closable>>();
  #looking: Disposable | undefined;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#wrong = new WrongKeys(options.clock);
  }

  /** Who makes a request, or why it is not served. */
  admit(req: IncomingMessage): Admission {
    const { keys } = this.#options;
    const text = credentialOf(req.headers);
    if (text === undefined) return keys.isNeeded ? (isOpen(req) ? { caller: STRANGER } : { refusal: keyNeeded() }) : LETS_ANYBODY_IN;
    const key = keys.find(text);
    if (key) return { caller: this.#callerOf(key) };
    // Clients send what their configuration says, also to a hub that asks for nothing.
    if (!keys.isNeeded && !looksLikeKey(text)) return LETS_ANYBODY_IN;
    return { refusal: this.#refuse(req) };
  }

  /** Ends `stream` when the key of its caller does. */
  watch({ keyId }: Caller, stream: Closable): void {
    if (keyId === undefined) return;
    const open = this.#open.get(keyId) ?? new Set();
    this.#open.set(keyId, open.add(stream));
    this.#looking ??= this.#lookLater();
    stream.once('close', () => {
      open.delete(stream);
      if (open.size === 0 && this.#open.get(keyId) === open) this.#open.delete(keyId);
      if (!this.#hasAnythingOpen) this.close();
    });
  }

  /** Looks at nothing any more. */
  close(): void {
    this.#looking?.dispose();
    this.#looking = undefined;
  }

  get #hasAnythingOpen(): boolean {
    return this.#open.size > 0 || this.#options.sessions.hasSessions;
  }

  /** The same for every request of a key, so that nothing is made anew for each. */
  #callerOf(key: KnownKey): Caller {
    const known = this.#callers.get(key.id);
    if (known?.key === key) return known.caller;
    const caller: Caller = key.isOwner
      ? { principal: LOCAL_PRINCIPAL, scopes: key.scopes }
      : { principal: { id: `key:${key.id}` }, scopes: key.scopes, keyId: key.id };
    this.#callers.set(key.id, { key, caller });
    return caller;
  }

  #refuse(req: IncomingMessage): HubError {
    const { logger, trustedHosts } = this.#options;
    const address = clientAddress(req, trustedHosts()) ?? 'unknown';
    const { count, waitS } = this.#wrong.add(address);
    if (count === 1 || (waitS > 0 && count % 1_000 === 0)) logger.warn('A request came with a wrong API key', { address, count });
    return waitS > 0 ? tooManyWrong(waitS) : wrongKey();
  }

  #lookLater(): Disposable {
    const { clock, keys } = this.#options;
    return clock.after(LOOK_EVERY_MS, () => {
      this.#looking = undefined;
      for (const { caller } of this.#callers.values()) {
        if (caller.keyId !== undefined && !keys.isGood(caller.keyId)) this.#end(caller.keyId, caller);
      }
      if (this.#hasAnythingOpen) this.#looking = this.#lookLater();
    });
  }

  #end(keyId: string, { principal }: Caller): void {
    this.#callers.delete(keyId);
    for (const stream of this.#open.get(keyId) ?? []) stream.destroy();
    this.#options.sessions.endSessionsOf(principal.id);
  }
}

/**
 * Whether a place is open to everybody: the return from a login, the sign of life, and where clients look for a login server before
 * they have a key. The path is taken as it was sent: nothing that only reads like an open place is one.
 */
function isOpen({ method, url = '' }: IncomingMessage): boolean {
  const path = url.split('?', 1)[0] ?? '';
  if (path === CALLBACK_PATH) return method === 'GET';
  if (path === HEALTH_PATH) return method === 'GET' || method === 'HEAD';
  return (method === 'GET' || method === 'HEAD') && /^(?:\/mcp)?\/\.well-known\/[\w/-]*$/.test(path);
}
