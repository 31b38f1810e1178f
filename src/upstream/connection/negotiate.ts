import { type Clock, HubError, isHubError, quote } from '../../base/index.ts';
import type { ServerIdentity } from '../../catalog/index.ts';
import { type Era, type JsonObject, NEWEST_MODERN, type Outcome, patchMeta } from '../../protocol/index.ts';
import { judgeProbe, type ProbeVerdict } from './era-probe.ts';
import { completeHandshake, type HandshakeContext, sendInitialize } from './handshake.ts';
import type { Link } from './link.ts';
import { envelope } from './outgoing.ts';

/** How long a stdio server may be silent after the probe before `initialize` follows on the same pipe, in milliseconds. */
export const PROBE_MS = 2_000;

/** What stands between gives a stream up after some silent minutes, and with an HTTP+SSE stream the session is lost; in milliseconds. */
const SSE_KEEP_ALIVE_MS = 120_000;

/** An open link whose era is settled. */
export interface Negotiated {
  readonly link: Link;
  readonly identity: ServerIdentity;
  /** The probe was not answered in time, so that the era is what the server happened to take and nothing to remember. */
  readonly isEraGuessed?: boolean;
  /** How often the server must be made to say something, in milliseconds. */
  readonly keepAliveMs?: number;
}

export interface NegotiateContext extends HandshakeContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly hubInfo: JsonObject;
  /** The era of the last connection: with `legacy` the probe is left out. */
  readonly knownEra?: Era | undefined;
  /** How long a stdio server may be silent after the probe, at most half of the start; {@link PROBE_MS} when absent. */
  readonly probeMs?: number | undefined;
  /** Told of the era that an answer to the probe says which came too late to be waited for, and how long it took in milliseconds. */
  readonly onLateProbe?: ((era: Era, tookMs: number) => void) | undefined;
  /** Time for the whole start, in milliseconds. */
  readonly initTimeoutMs: number;
}

/** How remote links are opened; each call is a new transport. Rejects with a HubError. */
export interface RemoteRoads {
  readonly transport: 'auto' | 'http' | 'sse';
  openHttp(): Promise<Link>;
  openSse(): Promise<Link>;
}

/**
 * Settles the era of a stdio server (spec 2026-07-28 basic/transports/stdio, "Backward Compatibility"). The probe comes first; a
 * server that is silent (it may still be installing itself) is sent `initialize` as well, and is legacy once it accepts that: a
 * server of both eras takes an `initialize` after the probe for the client's choice. A server that exits on the probe is started again and initialized at once.
 *
 * @throws HubError of the link or the handshake, or the signal's reason. The link is closed then.
 */
export async function negotiateStdio(context: NegotiateContext, open: () => Promise<Link>): Promise<Negotiated> {
  const link = await open();
  const negotiated = await closeOnError(link, async () => {
    try {
      return await asKnown(link, context, settleOnPipe);
    } catch (error) {
      if (context.knownEra !== 'legacy' && link.closedBy && !context.signal.aborted) return undefined;
      throw error;
    }
  });
  if (negotiated) return negotiated;
  await link.close();
  const next = await open();
  return closeOnError(next, () => initialize(next, context));
}

/** Leaves the probe out for a server known to be legacy; one that refuses `initialize` now is not that server any more. */
async function asKnown(link: Link, context: NegotiateContext, settle: typeof settleOnPipe): Promise<Negotiated> {
  if (context.knownEra !== 'legacy') return settle(link, context);
  try {
    return await initialize(link, context);
  } catch (error) {
    if (!isHubError(error, 'UPSTREAM_PROTOCOL') || link.closedBy) throw error;
    return settle(link, context);
  }
}

async function settleOnPipe(link: Link, context: NegotiateContext): Promise<Negotiated> {
  const { signal, clock, initTimeoutMs, hubInfo, probeMs } = context;
  const probedMs = clock.now();
  const discovering = discover(link, NEWEST_MODERN, hubInfo);
  const probing = probe(link, context, discovering);
  const silence = timer(clock, probeMs === undefined ? Math.min(PROBE_MS, initTimeoutMs / 4) : Math.min(probeMs, initTimeoutMs / 2));
  const early = await untilAborted(Promise.race([probing, silence.passed]), signal).finally(() => silence.dispose());
  if (early) return conclude(link, early, context);

  probing.then(
    ({ kind }) => context.onLateProbe?.(kind === 'modern' ? 'modern' : 'legacy', clock.now() - probedMs),
    () => {
      // Expected: the link ends before the probe is answered, which is told elsewhere.
    },
  );
  const initializing = sendInitialize(link, hubInfo);
  const first = await untilAborted(Promise.race([probing, initializing]), signal);
  const isModern = 'kind' in first && first.kind === 'modern';
  const outcome = await (isModern ? answeredSoon(initializing, context) : untilAborted(initializing, signal));
  if (!outcome) return conclude(link, await probing, context);
  // A modern server that was slow refuses `initialize`, and has the last word on the probe.
  if (outcome.error) {
    const verdict = await untilAborted(probing, signal);
    if (verdict.kind !== 'legacy') return conclude(link, verdict, context);
  }
  return { link, identity: await completeHandshake(link, outcome, context), isEraGuessed: true };
}

/** The answer to `initialize` of a server that is awake, as it has answered the probe; `undefined` when it gives none. */
async function answeredSoon(initializing: Promise<Outcome>, { clock, signal }: NegotiateContext): Promise<Outcome | undefined> {
  const silence = timer(clock, PROBE_MS);
  return untilAborted(Promise.race([initializing, silence.passed]), signal).finally(() => silence.dispose());
}

/**
 * Settles the era of a remote server (spec 2026-07-28 basic/transports/streamable-http, "Backward Compatibility"): probe,
 * `initialize`, and at last the HTTP+SSE transport. A login that is asked for, an outage or silence is never a reason to
 * go down that road.
 *
 * @throws HubError of the transport or the handshake, or the signal's reason. Everything opened is closed then.
 */
export async function negotiateRemote(context: NegotiateContext, roads: RemoteRoads): Promise<Negotiated> {
  if (roads.transport === 'sse') return overSse(context, roads);
  const link = await roads.openHttp();
  let refusal: HubError;
  try {
    return await asKnown(link, context, settleOnHttp);
  } catch (error) {
    await link.close();
    if (roads.transport === 'http' || !isHubError(error) || !refusesPost(error)) throw error;
    refusal = error;
  }
  try {
    return await overSse(context, roads);
  } catch (error) {
    // The stream is there, and what is wrong with it is said.
    if (context.signal.aborted || isHubError(error, 'UNAUTHORIZED') || saysWhere(error)) throw error;
    throw new HubError(refusal.code, `${refusal.message} It offers no HTTP+SSE stream there either.`, { details: refusal.details });
  }
}

/** Whether the server has named an address for messages. */
function saysWhere(error: unknown): boolean {
  return isHubError(error, 'UPSTREAM_PROTOCOL') && error.details['endpoint'] !== undefined;
}

async function settleOnHttp(link: Link, context: NegotiateContext): Promise<Negotiated> {
  const probing = probe(link, context, discover(link, NEWEST_MODERN, context.hubInfo));
  return conclude(link, await untilAborted(probing, context.signal), context);
}

async function overSse(context: NegotiateContext, roads: RemoteRoads): Promise<Negotiated> {
  const link = await roads.openSse();
  return closeOnError(link, async () => ({ ...(await initialize(link, context)), keepAliveMs: SSE_KEEP_ALIVE_MS }));
}

/** The verdict on an answer to `server/discover`; it is asked a second time when the server names a version that both speak. */
async function probe(link: Link, { hubInfo }: NegotiateContext, discovering: Promise<Outcome>): Promise<ProbeVerdict> {
  try {
    const verdict = judgeProbe(await discovering);
    if (verdict.kind !== 'retry') return verdict;
    const second = judgeProbe(await discover(link, verdict.version, hubInfo));
    return second.kind === 'retry' ? { kind: 'incompatible', supported: [second.version] } : second;
  } catch (error) {
    // A server that cannot read the probe, or answers it with what is no answer, is not modern. What is no refusal of the probe itself goes up.
    if (isHubError(error, 'UPSTREAM_PROTOCOL')) return { kind: 'legacy' };
    throw error;
  }
}

function discover(link: Link, version: string, hubInfo: JsonObject): Promise<Outcome> {
  return link.send(link.allot(), 'server/discover', patchMeta({}, envelope(version, hubInfo)));
}

async function conclude(link: Link, verdict: ProbeVerdict, context: NegotiateContext): Promise<Negotiated> {
  if (verdict.kind === 'modern') {
    link.settle('modern', verdict.identity.protocolVersion);
    return { link, identity: verdict.identity };
  }
  if (verdict.kind === 'legacy') return initialize(link, context);
  const spoken = verdict.kind === 'incompatible' ? verdict.supported.join(', ') : verdict.version;
  const message = `Server "${context.id}" speaks the protocol versions ${quote(context.redact(spoken))}, and the hub none of them. Update the hub.`;
  throw new HubError('UPSTREAM_PROTOCOL', message, { details: { server: context.id } });
}

/** `initialize`, never cancelled (spec 2025-11-25 basic/utilities/cancellation); the end of the link is what stops it. */
async function initialize(link: Link, context: NegotiateContext): Promise<Negotiated> {
  const outcome = await untilAborted(sendInitialize(link, context.hubInfo), context.signal);
  return { link, identity: await completeHandshake(link, outcome, context) };
}

/** The statuses of an old server that takes no POST at the address of its event stream. */
function refusesPost({ details }: HubError): boolean {
  return details['status'] === 400 || details['status'] === 404 || details['status'] === 405;
}

async function closeOnError<T>(link: Link, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Waits for `promise`, or rejects with the signal's reason. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined);
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

function timer(clock: Clock, ms: number): { readonly passed: Promise<undefined>; dispose(): void } {
  let start: ((value: undefined) => void) | undefined;
  const passed = new Promise<undefined>((resolve) => (start = resolve));
  const handle = clock.after(ms, () => start?.(undefined));
  return { passed, dispose: () => handle.dispose() };
}
