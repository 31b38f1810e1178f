import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Call } from './call.ts';
import { canonical } from './canonical.ts';

/** What the hub wrote into a `requestState` of its own. */
export type OwnState =
  /** The retry goes on with the parked call `park`, with answers to its round `round`. */
  | { readonly kind: 'parked'; readonly park: string; readonly round: string; readonly expiresMs: number }
  /** There is nothing to go on with: the retry makes the call anew. */
  | { readonly kind: 'anew'; readonly expiresMs: number };

/** Tells a state of the hub's from that of a server at a glance; says nothing about whether it is genuine. */
const PREFIX = 'hub1.';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const ID_BYTES = 16;
/** One byte for the kind, the two ids, and the time as a double. */
const PLAIN_BYTES = 1 + 2 * ID_BYTES + 8;
const SEALED_BYTES = IV_BYTES + PLAIN_BYTES + TAG_BYTES;
const SEALED_CHARS = Math.ceil((SEALED_BYTES * 4) / 3);
const NO_ID = '00'.repeat(ID_BYTES);

/** A name that nobody can guess: of a park, or of one of its rounds. */
export const randomId = (): string => randomBytes(ID_BYTES).toString('hex');

/**
 * Seals what the hub hands to clients as `requestState`: nobody else can read it, and whoever changes it, or uses it for
 * another request than it was made for, has something that does not open (spec 2026-07-28 basic/patterns/mrtr, "Server
 * Requirements" 4 and 5). The key is made at first use and never leaves this object: with the hub, all states are gone.
 */
export class RequestStates {
  #key: Buffer | undefined;

  /** @param binding what the state is good for, see {@link bindingOf} */
  seal(binding: string, state: OwnState): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#secret(), iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(binding));
    return PREFIX + Buffer.concat([iv, cipher.update(plainOf(state)), cipher.final(), cipher.getAuthTag()]).toString('base64url');
  }

  /** What was sealed for the request that `binding` is made of; `undefined` for anything else. */
  open(binding: () => string, sealed: string): OwnState | undefined {
    if (!sealed.startsWith(PREFIX) || sealed.length !== PREFIX.length + SEALED_CHARS) return undefined;
    const text = sealed.slice(PREFIX.length);
    const bytes = Buffer.from(text, 'base64url');
    // Several texts can stand for the same bytes; only the one that was given out counts.
    if (bytes.length !== SEALED_BYTES || bytes.toString('base64url') !== text) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#secret(), bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(binding()));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      return stateOf(Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]));
    } catch {
      // Expected: it was not sealed with this key for this request.
      return undefined;
    }
  }

  #secret(): Buffer {
    this.#key ??= randomBytes(32);
    return this.#key;
  }
}

function plainOf(state: OwnState): Buffer {
  const [park, round] = state.kind === 'parked' ? [state.park, state.round] : [NO_ID, NO_ID];
  const plain = Buffer.alloc(PLAIN_BYTES);
  plain.writeUInt8(state.kind === 'parked' ? 1 : 2, 0);
  plain.write(park, 1, 'hex');
  plain.write(round, 1 + ID_BYTES, 'hex');
  plain.writeDoubleBE(state.expiresMs, 1 + 2 * ID_BYTES);
  return plain;
}

function stateOf(plain: Buffer): OwnState {
  const expiresMs = plain.readDoubleBE(1 + 2 * ID_BYTES);
  if (plain.readUInt8(0) === 2) return { kind: 'anew', expiresMs };
  const park = plain.toString('hex', 1, 1 + ID_BYTES);
  const round = plain.toString('hex', 1 + ID_BYTES, 1 + 2 * ID_BYTES);
  return { kind: 'parked', park, round, expiresMs };
}

/**
 * What a state is bound to: who calls, where, and what with. A retry repeats the params of the first request; `_meta`
 * and the two fields of the retry itself may differ, and so may the order of keys.
 */
export function bindingOf({ downstream, scope, method, params = {} }: Call): string {
  const { _meta, inputResponses: _responses, requestState: _state, ...rest } = params;
  const digest = createHash('sha256').update(canonical(rest)).digest('base64url');
  return JSON.stringify([downstream.principal.id, scope.kind, scope.kind === 'server' ? scope.id : '', method, digest]);
}
