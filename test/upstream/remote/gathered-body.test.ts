import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatheredBody } from '../../../src/upstream/remote/gathered-body.ts';

const KIB = 1024;

function bodyOf(sizes: readonly number[]): { readonly body: ReadableStream<Uint8Array>; readonly bytes: Buffer; cancelled: () => boolean } {
  let at = 0;
  let isCancelled = false;
  const chunks = sizes.map((size) => Buffer.from(Array.from({ length: size }, () => (at += 1) % 251)));
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(new Uint8Array(chunk));
      else controller.close();
    },
    cancel: () => void (isCancelled = true),
  });
  return { body, bytes: Buffer.concat(chunks), cancelled: () => isCancelled };
}

const free = { spend: () => 0, refuse: () => new Error('too long') };

describe('a gathered body', () => {
  it('is the same body, however it was cut', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(2_000), fc.constantFrom(0, 1, 64 * KIB, 700 * KIB, KIB * KIB, 3 * KIB * KIB)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => {
        const { body, bytes } = bodyOf(some);
        const got = Buffer.from(await new Response(gatheredBody(body, free)).arrayBuffer());
        expect(got.equals(bytes)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('breaks off when it is too long, and lets go of the rest', async () => {
    const { body, cancelled } = bodyOf([10, 10, 10]);
    let left = 15;
    const spend = (chunk: Uint8Array): number | undefined => ((left -= chunk.byteLength) < 0 ? undefined : 0);
    await expect(new Response(gatheredBody(body, { ...free, spend })).text()).rejects.toThrow('too long');
    expect(cancelled()).toBe(true);
  });

  it('is cancelled with its reader', async () => {
    const { body, cancelled } = bodyOf([10]);
    await gatheredBody(body, free).cancel();
    expect(cancelled()).toBe(true);
  });
});
