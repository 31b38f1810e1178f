import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LogBuffer } from '../../../src/upstream/process/log-buffer.ts';
import { takeStderr } from '../../../src/upstream/process/stderr-intake.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const MIB = 1024 * 1024;

function intake() {
  const clock = new FakeClock();
  const stream = new PassThrough({ highWaterMark: 16 * MIB });
  const buffer = new LogBuffer({ clock, redact: (text) => text });
  let taken = 0;
  const append = buffer.append.bind(buffer);
  buffer.append = (bytes) => {
    taken += bytes.length;
    append(bytes);
  };
  const flood = (chunks: number): void => {
    for (let at = 0; at < chunks; at += 1) stream.write(Buffer.alloc(MIB / 4, 'x'));
  };
  return { clock, stream, flood, intake: takeStderr(stream, buffer, clock), taken: () => taken / MIB };
}

describe('takeStderr', () => {
  it('takes at most 1 MiB in 100 ms', async () => {
    const { clock, flood, intake: limit, taken } = intake();
    flood(12);
    await settle();
    expect(taken()).toBe(1);
    await clock.advance(99);
    expect(taken()).toBe(1);
    await clock.advance(1);
    await settle();
    expect(taken()).toBe(2);
    limit.dispose();
  });

  it('never holds back what comes slowly', async () => {
    const { clock, flood, taken } = intake();
    for (let round = 1; round <= 8; round += 1) {
      flood(3);
      await clock.advance(100);
      expect(taken()).toBe(round * 0.75);
    }
    expect(clock.pending).toBe(0);
  });

  it('takes what is left at once when the process is gone', async () => {
    const { clock, flood, intake: limit, taken } = intake();
    flood(12);
    await settle();
    limit.dispose();
    await settle();
    expect(taken()).toBe(3);
    expect(clock.pending).toBe(0);
  });
});
