import { setTimeout as delay } from 'node:timers/promises';
import type { Era, JsonObject } from '../../src/protocol/index.ts';
import { modern, open } from '../downstream/harness.ts';
import { RawClient } from '../support/raw-client.ts';

/** Longer than any call here can take, its place in a queue and a restart of its server included. */
const LOST_AFTER_MS = 30_000;
/** What a call may end in because its server was killed, restarted or busy; everything else is a wrong answer. */
const HONEST = new Set([
  'UPSTREAM_EXITED',
  'CONNECTION_ERROR',
  'SERVER_NOT_CONNECTED',
  'LIMIT_EXCEEDED',
  'TIMEOUT',
  'CANCELLED',
  'TOOL_NOT_FOUND',
]);

export interface Tally {
  right: number;
  /** Failed with a reason that a fault explains, by code. */
  readonly failed: Map<string, number>;
  readonly wrong: string[];
  lost: number;
  /** Calls that the client left on purpose. */
  left: number;
  sessions: number;
}

export const newTally = (): Tally => ({ right: 0, failed: new Map(), wrong: [], lost: 0, left: 0, sessions: 0 });

/** A call, and the text that it must be answered with. */
export interface Kind {
  readonly name: string;
  readonly args: JsonObject;
  readonly expected: string;
}

function kindOf(random: () => number, mark: string, n: number): Kind {
  const which = Math.floor(random() * 5);
  if (which === 0) return { name: 'echo__echo', args: { text: mark }, expected: mark };
  if (which === 1) return { name: 'gauge__work', args: { ms: Math.floor(random() * 30), n }, expected: `${n}` };
  if (which === 2) return { name: 'late__repeat', args: { who: mark, n, steps: 2 }, expected: `${mark} ${n}` };
  if (which === 3) return { name: 'big__big', args: { bytes: 1_000 + n }, expected: 'x'.repeat(1_000 + n) };
  return { name: 'remote__echo', args: { text: mark }, expected: mark };
}

export interface ClientOptions {
  readonly url: string;
  readonly era: Era;
  readonly name: string;
  readonly random: () => number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** One client after the other in the same place: each makes some calls, and many leave without a word. */
export async function runClients(options: ClientOptions): Promise<void> {
  const { random, tally, signal } = options;
  for (let n = 0; !signal.aborted; ) {
    const client = await RawClient.connect(options.url, options.era);
    tally.sessions += 1;
    const calls = 5 + Math.floor(random() * 40);
    for (let made = 0; made < calls && !signal.aborted; made += 1, n += 1) {
      if (random() < 0.03) await leave(options, n);
      else await Promise.all([one(client, options, 2 * n), one(client, options, 2 * n + 1)]);
    }
    // Most clients never end their session.
    if (random() < 0.3) await client.close();
  }
}

function one(client: RawClient, { name, random, tally }: ClientOptions, n: number): Promise<void> {
  return judgeCall(client, kindOf(random, `${name} #${n} ${'é'.repeat(n % 50)}`, n % 5_000), n + 1, tally);
}

/** Makes one call with this id and counts what comes of it. */
export async function judgeCall(client: RawClient, kind: Kind, id: number, tally: Tally): Promise<void> {
  const lost = new AbortController();
  const outcome = await Promise.race([
    client.request('tools/call', { name: kind.name, arguments: kind.args }, { id }).then(
      ({ response }) => response,
      (error: unknown) => String(error),
    ),
    delay(LOST_AFTER_MS, undefined, { signal: lost.signal }).catch(() => undefined),
  ]);
  lost.abort();
  if (outcome === undefined) tally.lost += 1;
  else if (typeof outcome === 'string') note(tally, `${kind.name}: ${outcome}`);
  else judge(outcome, kind, id, tally);
}

function judge(response: JsonObject, { name, expected }: Kind, id: number, tally: Tally): void {
  const { content, isError, code } = read(response);
  if (response['id'] !== id) return note(tally, `${name}: an answer for ${JSON.stringify(response['id'])} instead of ${id}`);
  if (content === expected && !isError) tally.right += 1;
  else if (code !== undefined && HONEST.has(code)) tally.failed.set(code, (tally.failed.get(code) ?? 0) + 1);
  else note(tally, `${name}: ${JSON.stringify(response).slice(0, 300)}`);
}

function read({ result, error }: JsonObject): { content: string | undefined; isError: boolean; code: string | undefined } {
  const { content, isError, _meta } = JSON.parse(JSON.stringify(result ?? {}));
  const { data } = JSON.parse(JSON.stringify(error ?? {}));
  const code: unknown = _meta?.['mcp-hub/error']?.code ?? _meta?.['mcp-hub/error'] ?? data?.code;
  return { content: content?.[0]?.text, isError: isError === true, code: typeof code === 'string' ? code : undefined };
}

/** A call whose client goes away in the middle of it. */
async function leave({ url, random, tally }: ClientOptions, n: number): Promise<void> {
  const gone = new AbortController();
  const call = open(url, { ...modern('tools/call', { name: 'gauge__work', arguments: { ms: 2_000, n } }), signal: gone.signal }).then(
    (reading) => reading.close(),
    () => undefined,
  );
  await delay(random() * 50);
  gone.abort();
  await call;
  tally.left += 1;
}

function note({ wrong }: Tally, text: string): void {
  wrong.push(text);
}
