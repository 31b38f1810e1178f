import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { isHubError, silentLogger, systemClock } from '../../../src/base/index.ts';
import { HttpTransport } from '../../../src/upstream/remote/http-transport.ts';
import { listen, readJson } from '../../fixtures/http/listen.ts';
import { remoteLaunch } from '../../support/remote.ts';
import { cutInto, eventStream } from '../arbitraries/event-streams.ts';
import { json } from '../arbitraries/values.ts';
import { cases, type Suite, type Target } from '../suite.ts';

/** How long one request may wait for its answer, in milliseconds; its end is then the hub's own doing. */
const PATIENCE_MS = 25;
const GOOD_MS = 3_000;

const contentType = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('text/event-stream', 'text/event-stream; charset=utf-8', 'TEXT/EVENT-STREAM') },
  { weight: 1, arbitrary: fc.constantFrom('application/json', 'text/html', '', 'application/json; charset=x') },
);
const input = fc.record({
  bytes: fc.oneof({ weight: 9, arbitrary: eventStream }, { weight: 1, arbitrary: json.map((value) => Buffer.from(JSON.stringify(value))) }),
  cuts: fc.array(fc.nat({ max: 3_000 }), { maxLength: 3 }),
  contentType,
  status: fc.oneof(
    { weight: 9, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.constantFrom(202, 204, 301, 400, 401, 403, 404, 429, 500, 503) },
  ),
  /** Ends in the middle of a chunk. */
  isTorn: fc.nat({ max: 19 }).map((n) => n === 0),
  /** Holds the right answer after all of that. */
  isAnswered: fc.boolean(),
});

type Hostile = typeof input extends fc.Arbitrary<infer T> ? T : never;

/** Over the hub's own reader of what a remote server answers: real sockets, and bytes cut anywhere. */
async function start(): Promise<Target> {
  let next: Hostile | undefined;
  const server = await listen((req, res) => void answer(req, res, next));
  const launch = remoteLaunch(server.url);
  const open = async (): Promise<HttpTransport> => {
    const transport = new HttpTransport({ id: 'srv', launch, clock: systemClock, logger: silentLogger });
    await transport.open(AbortSignal.timeout(5_000));
    transport.setProtocolVersion('2025-11-25');
    return transport;
  };
  let id = 0;
  const ask = async (patienceMs: number): Promise<'answered' | 'failed' | 'late'> => {
    const transport = await open();
    id += 1;
    const mine = id;
    const stop = new AbortController();
    const over = new Promise<'answered' | 'failed'>((resolve) => {
      transport.on('message', ({ message }) => void (!('method' in message) && message.id === mine && resolve('answered')));
      transport.on('requestFailed', (failed) => void (failed.id === mine && resolve('failed')));
      transport.on('closed', () => resolve('failed'));
    });
    const message = { jsonrpc: '2.0', id: mine, method: 'tools/call', params: { name: 'a' } } as const;
    const sent = Promise.resolve(transport.send(message)).then(
      () => over,
      (error: unknown) => {
        if (!isHubError(error)) throw error;
        return 'failed' as const;
      },
    );
    try {
      return await Promise.race([sent, delay(patienceMs, 'late' as const, { signal: stop.signal })]);
    } finally {
      stop.abort();
      await transport.close();
    }
  };
  const check = cases(input, async (hostile) => {
    next = hostile;
    await ask(PATIENCE_MS);
  });
  const alive = async (): Promise<void> => {
    next = undefined;
    for (let tries = 0; tries < 5; tries += 1) if ((await ask(GOOD_MS)) === 'answered') return;
    throw new Error('A good answer does not arrive.');
  };
  return { check, alive, close: server.close };
}

async function answer(req: IncomingMessage, res: ServerResponse, hostile: Hostile | undefined): Promise<void> {
  if (req.method !== 'POST') return void res.writeHead(405).end();
  const { id } = await readJson(req);
  const good = Buffer.from(`\n\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })}\n\n`);
  if (!hostile) return void res.writeHead(200, { 'content-type': 'text/event-stream' }).end(good);
  res.on('error', () => {
    // Expected: the hub has heard enough.
  });
  res.writeHead(hostile.status, { ...(hostile.contentType !== '' && { 'content-type': hostile.contentType }) });
  for (const chunk of cutInto(hostile.bytes, hostile.cuts)) {
    res.write(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (hostile.isTorn) res.destroy();
  else res.end(hostile.isAnswered ? good : undefined);
}

export const eventStreams: Suite = { name: 'upstream-streams', start };
