import { describe, expect, it } from 'vitest';
import { KnownSecrets } from '../../../src/upstream/oauth/known-secrets.ts';

describe('the secrets of a login', () => {
  it('are replaced for as long as a server may quote them, in every spelling', () => {
    const known = new KnownSecrets();
    known.learn('token+one/x', undefined, '');
    expect(known.redact('Bearer token+one/x, token%2Bone%2Fx')).toBe('Bearer [redacted], [redacted]');
    known.learn('token"two-y');
    expect(known.redact(`token+one/x and ${JSON.stringify('token"two-y')}`)).toBe('[redacted] and "[redacted]"');
  });

  it('are the latest ones, when there were very many', () => {
    const known = new KnownSecrets();
    for (let n = 0; n < 1_000; n += 1) known.learn(`token-number-${n}.`);
    expect(known.redact('token-number-0. token-number-999. token-number-900.')).toBe('token-number-0. [redacted] [redacted]');
  });
});
