import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerName } from '../../../src/base/http1/answer-head.ts';
import { Http1Connection } from '../../../src/base/http1/connection.ts';
import { FieldNames } from '../../../src/base/http1/field-names.ts';
import { KeptConnections } from '../../../src/base/http1/kept-connections.ts';
import { rawServer } from '../../support/raw-server.ts';

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

/** A connection that was used twice, with those that are kept. */
async function usedTwice(): Promise<{ readonly kept: KeptConnections; readonly connection: Http1Connection }> {
  const { origin } = await rawServer((socket) => socket.write(GOOD));
  const kept = new KeptConnections();
  let released = (): void => undefined;
  const owner = { host: '127.0.0.1', port: Number(new URL(origin).port), names: new FieldNames(answerName), closed: () => undefined };
  const connection = new Http1Connection({ ...owner, released: () => released() });
  onTestFinished(() => connection.close());
  const handler = { onRequestStart() {}, onResponseStart() {}, onResponseData() {}, onResponseEnd() {}, onResponseError() {} };
  for (let turn = 0; turn < 2; turn += 1) {
    await new Promise<void>((resolve) => {
      released = resolve;
      connection.send({ text: 'GET / HTTP/1.1\r\n\r\n', body: undefined, silenceMs: 0 }, handler);
    });
  }
  return { kept, connection };
}

/** How many good uses it takes until one is trusted. */
function usesUntilTrusted(kept: KeptConnections, connection: Http1Connection): number {
  for (let uses = 1; uses <= 20_000; uses += 1) {
    kept.add(connection, 60_000);
    const taken = kept.take();
    if (taken && kept.isTrusted(taken)) return uses;
  }
  return Number.POSITIVE_INFINITY;
}

describe('connections that are kept', () => {
  it('are trusted after ten uses, and after more of them each time that trust has cost a request', async () => {
    const { kept, connection } = await usedTwice();
    const needed: number[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      needed.push(usesUntilTrusted(kept, connection));
      // All that were open were lost at once.
      for (let at = 0; at < 16; at += 1) kept.distrust();
    }
    expect(needed).toEqual([10, 80, 640, 5_120, 10_000, 10_000]);
  });

  it('are trusted anew after as many uses when the server has ended one that nobody used', async () => {
    const { kept, connection } = await usedTwice();
    usesUntilTrusted(kept, connection);
    kept.add(connection, 60_000);
    kept.remove(connection);
    expect(usesUntilTrusted(kept, connection)).toBe(10);
  });

  it('are trusted no longer than for a moment, and given out for no longer than the server keeps them', async () => {
    const { kept, connection } = await usedTwice();
    usesUntilTrusted(kept, connection);
    kept.add(connection, 50);
    await delay(30);
    const late = kept.take();
    expect(late && kept.isTrusted(late)).toBe(false);
    kept.add(connection, 10);
    await delay(20);
    expect(kept.take()).toBeUndefined();
    expect(connection.isUsable).toBe(false);
  });
});
