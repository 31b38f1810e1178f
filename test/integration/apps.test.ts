import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JsonObject, metaKey } from '../../src/protocol/index.ts';
import { at, CLIENT_ERAS } from '../support/era-pairs.ts';
import { RawClient } from '../support/raw-client.ts';
import { LEGACY_SERVERS, MODERN_SERVERS, startTaskHub, type TaskHub } from '../support/task-servers.ts';

const ALL_SERVERS = [...MODERN_SERVERS, ...LEGACY_SERVERS];
const UI = 'io.modelcontextprotocol/ui';
const SETTINGS = { mimeTypes: ['text/html;profile=mcp-app'] };
/** What a client with apps sends along; the legacy one would have sent it at `initialize`. */
const META = { [metaKey.clientCapabilities]: { extensions: { [UI]: SETTINGS } } };

let tasks: TaskHub;
beforeAll(async () => {
  tasks = await startTaskHub();
});
afterAll(() => tasks.stop());

const slug = (server: string): string => server.replace(':', '_');
const contents = (response: JsonObject): unknown => Object(at(response, 'result', 'contents'))[0];

describe.each(CLIENT_ERAS)('a %s client', (era) => {
  let all: RawClient;
  beforeAll(async () => {
    all = await RawClient.connect(tasks.url(), era);
  });
  afterAll(() => all.close());
  const request = (client: RawClient, method: string, params: JsonObject = {}) =>
    client.request(method, params, era === 'modern' ? { meta: META } : {});

  it.each(ALL_SERVERS)('finds the app tools of %s as they are, and their resource, which is not listed', async (server) => {
    const { response } = await request(all, 'tools/list');
    const tools = at(response, 'result', 'tools') as JsonObject[];
    const board = tools.find(({ name }) => name === `${slug(server)}__board`);
    const uri = `ui://${server}/board`;
    expect(at(board, '_meta', 'ui')).toEqual({ resourceUri: uri, visibility: ['app'], csp: { connectDomains: ['https://example.org'] } });
    const read = await request(all, 'resources/read', { uri });
    expect(contents(read.response)).toEqual({
      uri,
      mimeType: 'text/html;profile=mcp-app',
      text: server,
      _meta: { ui: { prefersBorder: true } },
    });
    // It was not asked around for.
    for (const other of ALL_SERVERS.filter((each) => each !== server)) {
      expect((await tasks.recorded(other, 'resources/read')).map(({ params }) => at(params, 'uri'))).not.toContain(uri);
    }
  });

  it('a resource of several servers comes from the first of the config, and at its own endpoint from each', async () => {
    const uri = 'ui://shared/board';
    expect(contents((await request(all, 'resources/read', { uri })).response)).toMatchObject({ text: 'm:http' });
    for (const server of ALL_SERVERS) {
      const one = await RawClient.connect(tasks.url(server), era);
      expect(contents((await request(one, 'resources/read', { uri })).response)).toMatchObject({ text: server });
      await one.close();
    }
  });

  it('an app calls the tools of its server by their plain names, where only one server has them', async () => {
    const { response } = await request(all, 'tools/call', { name: 'only-mstdio', arguments: {} });
    expect(response).toMatchObject({ result: { content: [{ text: 'mstdio only-mstdio' }] } });
    expect((await request(all, 'tools/call', { name: 'board', arguments: {} })).response).toMatchObject({ error: { code: -32602 } });
    const one = await RawClient.connect(tasks.url('lhttp'), era);
    const { response: own } = await request(one, 'tools/call', { name: 'board', arguments: {} });
    expect(own).toMatchObject({ result: { content: [{ text: 'lhttp board' }] } });
    await one.close();
  });

  it.each(['m:http', 'lhttp'])('gets notifications of an unknown kind that come with its call to %s', async (server) => {
    const { notes } = await request(all, 'tools/call', { name: `${slug(server)}__notes`, arguments: {} });
    expect(notes).toEqual([{ jsonrpc: '2.0', method: 'notifications/example', params: { 'x-new': 1 } }]);
  });
});

describe('extensions', () => {
  const discover = async (server?: string) => {
    const client = await RawClient.connect(tasks.url(server), 'modern');
    const { response } = await client.request('server/discover');
    return at(response, 'result', 'capabilities', 'extensions');
  };

  it('on the endpoint of all servers are those that the hub can lead to the right one', async () => {
    expect(await discover()).toEqual({ 'io.modelcontextprotocol/tasks': {}, [UI]: SETTINGS });
  });

  it('on the endpoint of one server are its own', async () => {
    expect(await discover('mstdio')).toEqual({ 'io.modelcontextprotocol/tasks': {}, [UI]: SETTINGS, 'example.org/own': {} });
  });

  it('of a client reach a modern server with every request', async () => {
    const client = await RawClient.connect(tasks.url(), 'modern');
    await client.request('tools/call', { name: 'mstdio__board', arguments: { mark: 'ext' } }, { meta: META });
    const seen = await tasks.recorded('mstdio', 'tools/call');
    const call = seen.find(({ params }) => at(params, 'arguments', 'mark') === 'ext');
    expect(at(call, 'params', '_meta', metaKey.clientCapabilities)).toEqual({ extensions: { [UI]: SETTINGS } });
  });

  it.each(LEGACY_SERVERS)('apps are declared to %s when it is connected, tasks are not', async (server) => {
    const [{ params } = {}] = await tasks.recorded(server, 'initialize');
    expect(at(params, 'capabilities', 'extensions')).toEqual({ [UI]: SETTINGS });
    expect(at(params, 'capabilities', 'tasks')).toBeUndefined();
  });
});
