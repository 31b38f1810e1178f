import { describe, expect, it } from 'vitest';
import { KnownSecrets } from '../../src/upstream/known-secrets.ts';

describe('secrets that come while a server runs', () => {
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

  it('stay as long as they are used, however many others there are', () => {
    const known = new KnownSecrets({ maxCount: 10, maxLength: 1_000 });
    for (let n = 0; n < 100; n += 1) known.learn('token-of-always', `trace-number-${n}.`);
    expect(known.redact('token-of-always trace-number-0. trace-number-99.')).toBe('[redacted] trace-number-0. [redacted]');
  });

  it('take no more room than they may', () => {
    const known = new KnownSecrets({ maxCount: 10, maxLength: 100 });
    known.learn('first-secret', 'second-secret', 'x'.repeat(80));
    expect(known.redact(`first-secret second-secret ${'x'.repeat(80)}`)).toBe('first-secret [redacted] [redacted]');
    known.learn('y'.repeat(101));
    expect(known.redact('second-secret')).toBe('second-secret');
  });

  it('are replaced as a whole where one begins like another', () => {
    const known = new KnownSecrets();
    known.learn('token', 'token-and-more');
    expect(known.redact('token-and-more')).toBe('[redacted]');
  });
});
