import { describe, expect, it } from 'vitest';
import { HubError, silentLogger } from '../../../src/base/index.ts';
import type { Era, RequestMessage } from '../../../src/protocol/index.ts';
import { Link } from '../../../src/upstream/connection/link.ts';
import { type NegotiateContext, negotiateRemote, negotiateStdio, PROBE_MS } from '../../../src/upstream/connection/negotiate.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { type ScriptedReply, ScriptedTransport } from '../../support/scripted-transport.ts';

type Replies = Readonly<Record<string, ScriptedReply | ((request: RequestMessage, nth: number) => ScriptedReply)>>;

const discovered = {
  result: {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'm' } },
  },
};
const initialized = { result: { protocolVersion: '2025-06-18', capabilities: { prompts: {} }, serverInfo: { name: 'l' } } };
const rpc = (code: number, data?: unknown): ScriptedReply => ({ error: { code, message: 'no', ...(data !== undefined && { data }) } });
const http = (code: 'UPSTREAM_PROTOCOL' | 'UNAUTHORIZED' | 'CONNECTION_ERROR', status: number): ScriptedReply => ({
  failed: new HubError(code, `HTTP ${status}`, { details: { status } }),
});

/** Transports made one after the other, each with its own replies per method. */
function world(...scripts: Replies[]) {
  const clock = new FakeClock();
  const aborter = new AbortController();
  const transports: ScriptedTransport[] = [];
  const open = async (hasRequestStreams: boolean): Promise<Link> => {
    const replies = scripts[transports.length] ?? {};
    const seen = new Map<string, number>();
    const transport = new ScriptedTransport({
      hasRequestStreams,
      script: (request) => {
        const nth = (seen.get(request.method) ?? 0) + 1;
        seen.set(request.method, nth);
        const reply = replies[request.method] ?? 'silence';
        return typeof reply === 'function' ? reply(request, nth) : reply;
      },
    });
    transports.push(transport);
    const link = new Link({ transport, id: 'srv', clock, logger: silentLogger });
    await link.open(aborter.signal);
    return link;
  };
  const late: [Era, number][] = [];
  const context = (knownEra?: Era): NegotiateContext => ({
    id: 'srv',
    logger: silentLogger,
    redact: (text) => text,
    clock,
    signal: aborter.signal,
    hubInfo: { name: 'mcp-hub', version: '1' },
    initTimeoutMs: 60_000,
    onLateProbe: (era, tookMs) => void late.push([era, tookMs]),
    ...(knownEra && { knownEra }),
  });
  return { clock, aborter, transports, open, context, late };
}

const LEGACY_ROAD = ['server/discover', 'initialize', 'notifications/initialized'];

describe('negotiation over stdio', () => {
  it.each<[string, Replies, string, readonly string[]]>([
    ['a DiscoverResult is modern', { 'server/discover': discovered }, '2026-07-28', ['server/discover']],
    ['-32601 is not', { 'server/discover': rpc(-32601), initialize: initialized }, '2025-06-18', LEGACY_ROAD],
    ['-32602 is not', { 'server/discover': rpc(-32602), initialize: initialized }, '2025-06-18', LEGACY_ROAD],
    ['an unknown code is not', { 'server/discover': rpc(-1), initialize: initialized }, '2025-06-18', LEGACY_ROAD],
    ['a strange result is not', { 'server/discover': { result: { ok: true } }, initialize: initialized }, '2025-06-18', LEGACY_ROAD],
    [
      '-32022 with a version of both is asked again',
      {
        'server/discover': (_, nth) => (nth === 1 ? rpc(-32022, { supported: ['2026-07-28', '2099-01-01'] }) : discovered),
      },
      '2026-07-28',
      ['server/discover', 'server/discover'],
    ],
    [
      '-32022 with legacy versions only is legacy',
      { 'server/discover': rpc(-32022, { supported: ['2025-11-25'] }), initialize: initialized },
      '2025-06-18',
      LEGACY_ROAD,
    ],
    ['-32022 without a list is legacy', { 'server/discover': rpc(-32022), initialize: initialized }, '2025-06-18', LEGACY_ROAD],
  ])('%s', async (_, replies, version, methods) => {
    const { transports, open, context } = world(replies);
    const { identity } = await negotiateStdio(context(), () => open(false));
    expect(identity.protocolVersion).toBe(version);
    expect(identity.serverInfo).toEqual({ name: version === '2026-07-28' ? 'm' : 'l' });
    expect(transports[0]?.methods).toEqual(methods);
    expect(transports[0]?.versions).toEqual([version]);
    expect(transports).toHaveLength(1);
  });

  it('sends the whole envelope with the probe and declares no capabilities', async () => {
    const { transports, open, context } = world({ 'server/discover': rpc(-32601), initialize: initialized });
    await negotiateStdio(context(), () => open(false));
    expect(transports[0]?.sent[0]).toMatchObject({
      params: {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'mcp-hub', version: '1' },
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    });
    expect(transports[0]?.sent[1]).toMatchObject({
      params: {
        protocolVersion: '2025-11-25',
        capabilities: { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} },
        clientInfo: { name: 'mcp-hub' },
      },
    });
  });

  it.each([
    [
      'only legacy versions that are unknown',
      { 'server/discover': rpc(-32601), initialize: { result: { protocolVersion: '1999-01-01' } } },
      '"1999-01-01"',
    ],
    ['only modern versions that are unknown', { 'server/discover': rpc(-32022, { supported: ['2099-01-01'] }) }, '2099-01-01'],
    [
      'a version that goes on and on',
      { 'server/discover': rpc(-32601), initialize: { result: { protocolVersion: 'v'.repeat(200_000) } } },
      `"${'v'.repeat(300)}…"`,
    ],
    [
      'a refusal that goes on and on',
      { 'server/discover': rpc(-32601), initialize: { error: { code: 1, message: 'no '.repeat(200_000) } } },
      `${'no '.repeat(100)}… (code 1)`,
    ],
    ['a refusal', { 'server/discover': rpc(-32601), initialize: rpc(-32000) }, 'refused the handshake: no'],
  ] as [string, Replies, string][])('is an error with %s', async (_, replies, words) => {
    const { transports, open, context } = world(replies);
    await expect(negotiateStdio(context(), () => open(false))).rejects.toMatchObject({
      code: 'UPSTREAM_PROTOCOL',
      message: expect.stringContaining(words),
    });
    expect(transports[0]?.closes).toBe(1);
  });

  it('initializes a server whose answer to the probe cannot be read, whenever that comes', async () => {
    const failed = new HubError('UPSTREAM_PROTOCOL', 'no response');
    const quick = world({ 'server/discover': { failed }, initialize: initialized });
    expect((await negotiateStdio(quick.context(), () => quick.open(false))).identity.era).toBe('legacy');
    const slow = world({});
    const negotiating = negotiateStdio(slow.context(), () => slow.open(false));
    await slow.clock.advance(PROBE_MS);
    slow.transports[0]?.reply(1, { failed });
    slow.transports[0]?.reply(2, initialized);
    expect((await negotiating).identity.era).toBe('legacy');
  });

  it('leaves the probe out for a server known to be legacy', async () => {
    const { transports, open, context } = world({ initialize: initialized });
    await negotiateStdio(context('legacy'), () => open(false));
    expect(transports[0]?.methods).toEqual(['initialize', 'notifications/initialized']);
  });

  it('probes a server that was known to be legacy and refuses initialize now', async () => {
    const { transports, open, context } = world({ initialize: rpc(-32601), 'server/discover': discovered });
    expect((await negotiateStdio(context('legacy'), () => open(false))).identity.era).toBe('modern');
    expect(transports.map(({ methods }) => methods)).toEqual([['initialize', 'server/discover']]);
  });

  it('starts a server again that exits on the probe, and initializes at once', async () => {
    const { transports, open, context } = world({ 'server/discover': 'exit' }, { initialize: initialized });
    const { identity } = await negotiateStdio(context(), () => open(false));
    expect(identity.era).toBe('legacy');
    expect(transports.map(({ closes }) => closes)).toEqual([1, 0]);
    expect(transports[1]?.methods).toEqual(['initialize', 'notifications/initialized']);
  });

  it('gives up on a server that exits again', async () => {
    const { transports, open, context } = world({ 'server/discover': 'exit' }, { initialize: 'exit' });
    await expect(negotiateStdio(context(), () => open(false))).rejects.toMatchObject({ code: 'UPSTREAM_EXITED' });
    expect(transports.map(({ closes }) => closes)).toEqual([1, 1]);
  });

  it.each<[string, (transport: ScriptedTransport) => void, Era]>([
    ['initialize only', (transport) => transport.reply(2, initialized), 'legacy'],
    // As a server of both eras does it: what comes after the probe is the client's choice.
    ['both, the probe first', (transport) => (transport.reply(1, discovered), transport.reply(2, initialized)), 'legacy'],
    ['both, initialize first', (transport) => (transport.reply(2, initialized), transport.reply(1, discovered)), 'legacy'],
    [
      'an error to the probe, then initialize',
      (transport) => (transport.reply(1, rpc(-32601) as never), transport.reply(2, initialized)),
      'legacy',
    ],
    [
      'a refusal of initialize, then the probe',
      (transport) => (transport.reply(2, rpc(-32601) as never), transport.reply(1, discovered)),
      'modern',
    ],
  ])('sends initialize after the silence of a slow start; it answers %s', async (_, answer, era) => {
    const { clock, transports, open, context } = world({});
    const negotiating = negotiateStdio(context(), () => open(false));
    await clock.advance(PROBE_MS - 1);
    expect(transports[0]?.methods).toEqual(['server/discover']);
    await clock.advance(30_000);
    expect(transports[0]?.methods).toEqual(['server/discover', 'initialize']);
    if (transports[0]) answer(transports[0]);
    expect((await negotiating).identity.era).toBe(era);
    expect(clock.pending).toBe(0);
  });

  it('tells a guess from an answer, and of an answer that comes when the connection stands', async () => {
    const { clock, transports, open, context, late } = world({});
    const negotiating = negotiateStdio(context(), () => open(false));
    await clock.advance(PROBE_MS);
    transports[0]?.reply(2, initialized);
    expect(await negotiating).toMatchObject({ identity: { era: 'legacy' }, isEraGuessed: true });
    await clock.advance(500);
    expect(late).toEqual([]);
    transports[0]?.reply(1, discovered);
    await settle();
    expect(late).toEqual([['modern', PROBE_MS + 500]]);
    const quick = world({ 'server/discover': rpc(-32601), initialize: initialized });
    expect(await negotiateStdio(quick.context(), () => quick.open(false))).not.toHaveProperty('isEraGuessed');
    expect(quick.late).toEqual([]);
  });

  it('waits longer for a server that is known to be slow, up to half of the start', async () => {
    for (const [probeMs, waitMs] of [
      [9_000, 9_000],
      [50_000, 30_000],
    ] as const) {
      const { clock, transports, open, context } = world({ initialize: initialized });
      const negotiating = negotiateStdio({ ...context(), probeMs }, () => open(false));
      await clock.advance(waitMs - 1);
      expect(transports[0]?.methods).toEqual(['server/discover']);
      await clock.advance(1);
      expect((await negotiating).identity.era).toBe('legacy');
    }
  });

  it('is modern with a server that is awake, answers the probe and leaves initialize without an answer', async () => {
    const { clock, transports, open, context } = world({});
    const negotiating = negotiateStdio(context(), () => open(false));
    await clock.advance(PROBE_MS);
    transports[0]?.reply(1, discovered);
    await settle();
    await clock.advance(PROBE_MS);
    expect((await negotiating).identity.era).toBe('modern');
    expect(clock.pending).toBe(0);
  });

  it('ends with the reason of the signal and closes what it opened', async () => {
    const { clock, aborter, transports, open, context } = world({});
    const negotiating = negotiateStdio(context(), () => open(false));
    await settle();
    const reason = new HubError('TIMEOUT', 'too slow');
    aborter.abort(reason);
    await expect(negotiating).rejects.toBe(reason);
    expect(transports.map(({ closes }) => closes)).toEqual([1]);
    expect(clock.pending).toBe(0);
  });
});

describe('negotiation over HTTP', () => {
  const roads = ({ open }: ReturnType<typeof world>, transport: 'auto' | 'http' | 'sse' = 'auto') => ({
    transport,
    openHttp: () => open(true),
    openSse: () => open(false),
  });

  it.each<[string, Replies, Era]>([
    ['a DiscoverResult', { 'server/discover': discovered }, 'modern'],
    ['a JSON-RPC error', { 'server/discover': rpc(-32601), initialize: initialized }, 'legacy'],
    ['HTTP 400', { 'server/discover': http('UPSTREAM_PROTOCOL', 400), initialize: initialized }, 'legacy'],
    ['HTTP 406', { 'server/discover': http('UPSTREAM_PROTOCOL', 406), initialize: initialized }, 'legacy'],
  ])('goes on after %s', async (_, replies, era) => {
    const scene = world(replies);
    expect((await negotiateRemote(scene.context(), roads(scene))).identity.era).toBe(era);
  });

  it.each([http('UNAUTHORIZED', 401), http('UNAUTHORIZED', 403), http('CONNECTION_ERROR', 503)])(
    'never falls back after $failed.message',
    async (reply) => {
      const scene = world({ 'server/discover': reply, initialize: initialized });
      await expect(negotiateRemote(scene.context(), roads(scene))).rejects.toMatchObject({ message: expect.stringContaining('HTTP') });
      expect(scene.transports.map(({ methods, closes }) => [methods, closes])).toEqual([[['server/discover'], 1]]);
    },
  );

  it.each([400, 404, 405])('takes the old transport when initialize meets HTTP %i', async (status) => {
    const refused = http('UPSTREAM_PROTOCOL', status);
    const scene = world({ 'server/discover': refused, initialize: refused }, { initialize: initialized });
    const { identity } = await negotiateRemote(scene.context(), roads(scene));
    expect(identity.era).toBe('legacy');
    expect(scene.transports.map(({ closes }) => closes)).toEqual([1, 0]);
    expect(scene.transports[1]?.methods[0]).toBe('initialize');
  });

  it('does not take the old transport after another status, nor when told not to', async () => {
    const replies = { 'server/discover': rpc(-32601), initialize: http('UPSTREAM_PROTOCOL', 422) };
    const scene = world(replies, { initialize: initialized });
    await expect(negotiateRemote(scene.context(), roads(scene))).rejects.toMatchObject({ message: 'HTTP 422' });
    const told = world({ ...replies, initialize: http('UPSTREAM_PROTOCOL', 404) }, { initialize: initialized });
    await expect(negotiateRemote(told.context(), roads(told, 'http'))).rejects.toMatchObject({ message: 'HTTP 404' });
    expect([scene.transports.length, told.transports.length]).toEqual([1, 1]);
  });

  it('goes straight to the old transport when told so', async () => {
    const scene = world({ initialize: initialized });
    await negotiateRemote(scene.context(), roads(scene, 'sse'));
    expect(scene.transports[0]?.methods).toEqual(['initialize', 'notifications/initialized']);
  });
});
