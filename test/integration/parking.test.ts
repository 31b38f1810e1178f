import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isObject, type JsonObject, metaKey } from '../../src/protocol/index.ts';
import { serveFixtureHttp } from '../conformance/fixture/http.ts';
import { modern, open } from '../downstream/harness.ts';
import { type BundledSource, bundleSource } from '../support/bundle-source.ts';
import { at } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';
import { type RawAnswer, RawClient } from '../support/raw-client.ts';

const ALL = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} };
const YES = { action: 'accept', content: { name: 'ada' } };
const SAID = { role: 'assistant', model: 'm', content: { type: 'text', text: 'a model' }, stopReason: 'endTurn' };
const form = (message: string): JsonObject => ({
  method: 'elicitation/create',
  params: { message, requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
});

let hub: RunningHub;
let http: Server;
let bundled: BundledSource;
let client: RawClient;
let folder: string;
/** What the processes of `asks` were told. */
const told = (): Promise<string> => readFile(join(folder, 'told'), 'utf8');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-parking-'));
  await writeFile(join(folder, 'told'), '');
  bundled = bundleSource('test/conformance/fixture-server.ts');
  http = await serveFixtureHttp('legacy', 0);
  hub = await runHub({
    mcpServers: {
      asks: fixture('asks.mjs', join(folder, 'told')),
      fresh: fixture('asks.mjs', join(folder, 'told')),
      crashes: fixture('asks.mjs', join(folder, 'told')),
      hangs: fixture('asks.mjs', join(folder, 'told')),
      lstdio: { command: process.execPath, args: [bundled.file, '--transport', 'stdio', '--era', 'legacy'] },
      lhttp: { url: `http://127.0.0.1:${String(at(http.address(), 'port'))}/mcp` },
    },
  });
  client = await RawClient.connect(hub.url, 'modern');
  await client.request('tools/list');
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
  bundled.remove();
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

let lastId = 0;
/** Sends one request, by a connection and with an id of its own. */
function send(method: string, params: JsonObject, capabilities: JsonObject = ALL, meta: JsonObject = {}): Promise<RawAnswer> {
  lastId += 1;
  return client.request(method, params, { id: lastId, meta: { [metaKey.clientCapabilities]: capabilities, ...meta } });
}
const call = (name: string, args: JsonObject = {}, more: JsonObject = {}): JsonObject => ({ name, arguments: args, ...more });
const textOf = ({ response }: RawAnswer): string => String(at(Object(at(response, 'result', 'content'))[0], 'text'));

interface Round {
  readonly requestState: string;
  readonly inputRequests: Readonly<Record<string, JsonObject>>;
}

function roundOf({ status, response }: RawAnswer): Round {
  expect(response).toMatchObject({ result: { resultType: 'input_required', requestState: expect.any(String) as string } });
  expect(status).toBe(200);
  const inputRequests = at(response, 'result', 'inputRequests');
  return {
    requestState: String(at(response, 'result', 'requestState')),
    inputRequests: isObject(inputRequests) ? (inputRequests as Record<string, JsonObject>) : {},
  };
}

/** The two fields of a retry that answers by kind. */
function answersTo({ requestState, inputRequests }: Round): JsonObject {
  const answers = Object.entries(inputRequests).map(([key, { method, params }]): [string, JsonObject] => {
    if (method === 'roots/list') return [key, { roots: [{ uri: 'file:///ada' }] }];
    if (method === 'sampling/createMessage') return [key, SAID];
    const [field = 'name'] = Object.keys(Object(at(params, 'requestedSchema', 'properties')));
    return [key, at(params, 'mode') === 'url' ? { action: 'accept' } : { action: 'accept', content: { [field]: 'ada' } }];
  });
  return { requestState, inputResponses: Object.fromEntries(answers) };
}

/** What the client of the specification does: answers round after round until there is a result. */
async function drive(method: string, params: JsonObject): Promise<{ answer: RawAnswer; rounds: Round[] }> {
  const rounds: Round[] = [];
  let answer = await send(method, params);
  while (at(answer.response, 'result', 'resultType') === 'input_required') {
    const round = roundOf(answer);
    rounds.push(round);
    answer = await send(method, { ...params, ...answersTo(round) });
  }
  return { answer, rounds };
}

it('a call that ended because its client cannot be asked leaves no doubt whose the next question is', async () => {
  const unasked = await send('tools/call', call('fresh__ask', { rounds: [[form('?')]] }), { sampling: {} });
  // The server did without the answer, and says what it was told.
  expect(JSON.stringify(unasked.response['result'])).toContain('did not declare the capability');
  const asked = await send('tools/call', call('fresh__take_back', { question: form('Another tool?') }));
  expect(Object.keys(roundOf(asked).inputRequests)).toHaveLength(2);
});

describe.each(['lstdio', 'lhttp'])('a modern client of %s', (server) => {
  it.each<[string, JsonObject, string]>([
    ['test_elicitation', { message: 'Your name?' }, 'User response: action=accept, content={"response":"ada"}'],
    ['test_visit_url', {}, 'Visit: {"action":"accept"}'],
    ['test_sampling', { prompt: 'Hm?' }, 'LLM response: a model'],
    ['test_sampling_with_tools', {}, 'Sampled with tools: a model'],
    ['test_input_required_result_list_roots', {}, 'Roots: file:///ada'],
  ])('answers %s in one round', async (tool, args, text) => {
    const { answer, rounds } = await drive('tools/call', call(`${server}__${tool}`, args));
    expect(textOf(answer)).toBe(text);
    expect(answer.response['result']).toMatchObject({ resultType: 'complete' });
    expect(rounds).toHaveLength(1);
    const questions = Object.values(rounds[0]?.inputRequests ?? {});
    expect(questions).toHaveLength(1);
    expect(questions[0]).not.toHaveProperty('id');
    expect(questions[0]?.['params'] ?? {}).not.toHaveProperty('elicitationId');
  });

  it('answers two rounds, and three questions in one', async () => {
    const multi = await drive('tools/call', call(`${server}__test_input_required_result_multi_round`));
    expect([textOf(multi.answer), multi.rounds.length]).toEqual(['ada likes ada', 2]);
    const several = await drive('tools/call', call(`${server}__test_input_required_result_multiple_inputs`));
    expect([textOf(several.answer), several.rounds.length]).toEqual(['a model ada, 1 root(s)', 1]);
  });

  it('is asked in a prompt', async () => {
    const { answer, rounds } = await drive('prompts/get', { name: `${server}__test_input_required_result_prompt` });
    expect(rounds).toHaveLength(1);
    expect(at(Object(at(answer.response, 'result', 'messages'))[0], 'content', 'text')).toBe('Use this context: ada');
  });

  it('declines, and the server hears it', async () => {
    const params = call(`${server}__test_elicitation`, { message: 'Your name?' });
    const { requestState, inputRequests } = roundOf(await send('tools/call', params));
    const inputResponses = Object.fromEntries(Object.keys(inputRequests).map((key) => [key, { action: 'decline' }]));
    const answer = await send('tools/call', { ...params, requestState, inputResponses });
    expect(textOf(answer)).toBe('User response: action=decline, content={}');
  });

  it('gets HTTP 400 and -32021 when it did not declare what is asked', async () => {
    const { status, response } = await send('tools/call', call(`${server}__test_elicitation`, { message: '?' }), { sampling: {} });
    expect(status).toBe(400);
    expect(response['error']).toMatchObject({ code: -32021, data: { requiredCapabilities: { elicitation: { form: {} } } } });
  });

  it('of the SDK answers by its handlers', async () => {
    const asked: unknown[] = [];
    const sdk = new Client({ name: 'sdk', version: '1' }, { capabilities: ALL, versionNegotiation: { mode: { pin: '2026-07-28' } } });
    sdk.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params);
      const [field = ''] = Object.keys(Object(at(params, 'requestedSchema', 'properties')));
      return params.mode === 'url' ? { action: 'accept' } : { action: 'accept', content: { [field]: 'sdk' } };
    });
    sdk.setRequestHandler('sampling/createMessage', () => SAID as never);
    sdk.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///sdk' }] }));
    await sdk.connect(new StreamableHTTPClientTransport(new URL(hub.url)));
    const text = async (tool: string, args = {}): Promise<unknown> => {
      const { content } = await sdk.callTool({ name: `${server}__${tool}`, arguments: args });
      return at(Object(content)[0], 'text');
    };
    try {
      expect(await text('test_elicitation', { message: 'Name?' })).toBe('User response: action=accept, content={"response":"sdk"}');
      expect(await text('test_visit_url')).toBe('Visit: {"action":"accept"}');
      expect(await text('test_sampling_with_tools')).toBe('Sampled with tools: a model');
      expect(await text('test_input_required_result_multi_round')).toBe('sdk likes sdk');
      expect(await text('test_input_required_result_multiple_inputs')).toBe('a model sdk, 1 root(s)');
      expect(asked).toHaveLength(5);
    } finally {
      await sdk.close();
    }
  });
});

describe('a parked call', () => {
  const params = call('asks__ask', { rounds: [[form('One?')], [form('Two?')]] });

  it('outlives what the client does wrong, and is answered once', async () => {
    const first = roundOf(await send('tools/call', params));
    const good = { ...params, ...answersTo(first) };
    const wrong: JsonObject[] = [
      { ...good, requestState: `${first.requestState}-TAMPERED` },
      { ...good, arguments: { rounds: [] } },
      { ...good, name: 'asks__take_back' },
      { ...good, inputResponses: { ...Object(good['inputResponses']), [Object.keys(first.inputRequests)[0] ?? '']: 12345 } as JsonObject },
    ];
    for (const one of wrong) {
      const { status, response } = await send('tools/call', one);
      expect([status, at(response, 'error', 'code')]).toEqual([200, -32602]);
    }
    const second = roundOf(await send('tools/call', good));
    expect(second.requestState).not.toBe(first.requestState);
    expect(at((await send('tools/call', good)).response, 'error', 'code')).toBe(-32602);
    const last = await send('tools/call', { ...params, ...answersTo(second) });
    expect(JSON.parse(textOf(last))).toEqual([[{ result: YES }], [{ result: YES }]]);
    expect(at((await send('tools/call', { ...params, ...answersTo(second) })).response, 'error', 'code')).toBe(-32602);
  });

  it('asks again for what is missing, and never for what was answered', async () => {
    const both = call('asks__ask', { rounds: [[form('One?'), form('Two?')]] });
    const first = roundOf(await send('tools/call', both));
    const [one = '', two = ''] = Object.keys(first.inputRequests);
    const half = { ...both, requestState: first.requestState, inputResponses: { [one]: YES, wrong_key: YES } };
    const second = roundOf(await send('tools/call', half));
    expect(Object.keys(second.inputRequests)).toEqual([two]);
    const last = await send('tools/call', { ...both, ...answersTo(second) });
    expect(JSON.parse(textOf(last))).toEqual([[{ result: YES }, { result: YES }]]);
  });

  it('drops a question that the server takes back, asked already or not', async () => {
    const taken = call('asks__take_back', { question: form('Both?') });
    const round = roundOf(await send('tools/call', taken));
    expect(Object.keys(round.inputRequests)).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(JSON.parse(textOf(await send('tools/call', { ...taken, ...answersTo(round) })))).toEqual({ result: YES });
  });

  it('tells the retry what the server told meanwhile, at the level that the retry asks for', async () => {
    const log = (level: string) => ({ method: 'notifications/message', params: { level, data: level } });
    const noisy = call('asks__ask', { rounds: [[form('One?')], [form('Two?')]], between: [log('debug'), log('error')] });
    const first = await send('tools/call', noisy, ALL, { [metaKey.logLevel]: 'debug' });
    const second = await send('tools/call', { ...noisy, ...answersTo(roundOf(first)) }, ALL, { [metaKey.logLevel]: 'error' });
    const third = await send('tools/call', { ...noisy, ...answersTo(roundOf(second)) });
    const levels = ({ notes }: RawAnswer): unknown[] => notes.map((note) => at(note, 'params', 'level'));
    expect([levels(first), levels(second), levels(third)]).toEqual([['debug', 'error'], ['error'], []]);
  });

  it('of a resource goes on too', async () => {
    const { answer, rounds } = await drive('resources/read', { uri: 'asks://note' });
    expect(rounds).toHaveLength(1);
    expect(answer.response['result']).toMatchObject({ contents: [{ text: 'For ada' }], ttlMs: 0, cacheScope: 'private' });
  });

  it('is taken back when the client closes the stream of an open request, and not before', async () => {
    const hang = call('hangs__ask_and_hang', { question: form('Hang?') });
    const round = roundOf(await send('tools/call', hang));
    const aborter = new AbortController();
    const retry = modern('tools/call', { ...hang, ...answersTo(round) }, { [metaKey.clientCapabilities]: ALL }, 'retry');
    const gone = open(hub.url, { ...retry, signal: aborter.signal }).catch(() => undefined);
    await expect.poll(told).toContain('"hangs"');
    expect(await told()).not.toMatch(/"hangs".*cancelled/s);
    aborter.abort();
    await gone;
    await expect.poll(told).toMatch(/"hangs".*cancelled/s);
    expect(at((await send('tools/call', { ...hang, ...answersTo(round) })).response, 'error', 'code')).toBe(-32602);
  });

  it('keeps the end of a server that died meanwhile', async () => {
    const crash = call('crashes__crash_asking', { question: form('Name?') });
    const round = roundOf(await send('tools/call', crash));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const answer = await send('tools/call', { ...crash, ...answersTo(round) });
    expect(answer.response['result']).toMatchObject({ isError: true, _meta: { 'mcp-hub/error': { code: 'UPSTREAM_EXITED' } } });
  });

  it('cannot be asked in a method that has no rounds: the server is told so at once', async () => {
    const ref = { type: 'ref/prompt', name: 'asks__briefing' };
    const { response } = await send('completion/complete', { ref, argument: { name: 'a', value: '' } });
    expect(at(response, 'result', 'completion', 'values')).toEqual([expect.stringContaining('cannot be sent requests')]);
  });

  it('is begun anew after a visit that the server wants first (-32042)', async () => {
    const { answer, rounds } = await drive('tools/call', call('asks__visit_first'));
    expect(textOf(answer)).toBe('visited');
    expect(rounds.map(({ inputRequests }) => inputRequests)).toEqual([
      { 'elicitation-1': { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.org/login', message: 'Log in' } } },
    ]);
  });
});
