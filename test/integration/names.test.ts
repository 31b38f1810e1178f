import type { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { at, CLIENT_ERAS, connectClient } from '../support/era-pairs.ts';
import { fixture, type RunningHub, runHub } from '../support/in-process-hub.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface Offered {
  readonly tools?: readonly (string | object)[];
  readonly prompts?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceTemplates?: readonly string[];
}

/** A hub over servers that offer exactly what is given here, under labels that are their names in the config. */
async function hubOf(servers: Readonly<Record<string, Offered>>, settings: object = {}): Promise<RunningHub> {
  const entries = Object.entries(servers).map(([label, { tools = [], prompts = [], resources = [], resourceTemplates = [] }]) => {
    const items = {
      tools: tools.map((tool) => (typeof tool === 'string' ? { name: tool, inputSchema: { type: 'object' } } : tool)),
      prompts: prompts.map((name) => ({ name })),
      resources: resources.map((uri) => ({ uri, name: uri })),
      resourceTemplates: resourceTemplates.map((uriTemplate) => ({ uriTemplate, name: uriTemplate })),
    };
    return [label, fixture('lists-given.mjs', label, JSON.stringify(items))] as const;
  });
  const hub = await runHub({ mcpServers: Object.fromEntries(entries), ...settings });
  open.push(() => hub.stop());
  return hub;
}

async function clientOf(url: string, era: 'legacy' | 'modern'): Promise<Client> {
  const { client, close } = await connectClient(url, era);
  open.push(close);
  return client;
}

/** What each listed tool answers, in the order of the list. */
async function callAll(client: Client): Promise<{ names: string[]; answers: unknown[] }> {
  const names = (await client.listTools()).tools.map(({ name }) => name);
  const answers = await Promise.all(names.map(async (name) => at((await client.callTool({ name })).content[0], 'text')));
  return { names, answers };
}

/** The notes of a server in `GET /api/health`. */
async function notesOf({ origin }: RunningHub, server: string): Promise<string[]> {
  const health: unknown = await (await fetch(`${origin}/api/health`)).json();
  const servers = at(health, 'servers') as { name: string; notes: string[] }[];
  return servers.find(({ name }) => name === server)?.notes ?? [];
}

const LONG = 'a_tool_whose_name_goes_on_and_on_until_no_client_would_take_it_any_more';

describe.each(CLIENT_ERAS)('for a %s client', (era) => {
  it('two servers whose names become the same are both kept, and every listed name reaches its server', async () => {
    const tools = ['go', 'stop', 'b__go', 'with space', 'größe', 'a.b', 'a/b'];
    const hub = await hubOf({ 'a-b': { tools, prompts: ['ask'] }, a_b: { tools, prompts: ['ask'] }, a: { tools: ['b__go', '_b__go'] } });
    const client = await clientOf(hub.url, era);
    const { names, answers } = await callAll(client);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[A-Za-z0-9_-]{1,54}$/.test(name))).toEqual([]);
    expect(answers).toEqual([...tools.map((tool) => `a-b ${tool}`), ...tools.map((tool) => `a_b ${tool}`), 'a b__go', 'a _b__go']);
    expect(names[tools.length]).toBe('a_b__go');
    const { prompts } = await client.listPrompts();
    const got = await Promise.all(prompts.map(async ({ name }) => at((await client.getPrompt({ name })).messages[0], 'content', 'text')));
    expect(got).toEqual(['a-b ask', 'a_b ask']);
    expect((await notesOf(hub, 'a-b')).join()).toContain('a_b');
  });

  it('long names are shortened, stay different, and reach their tools; on the endpoint of the server they are its own', async () => {
    const tools = [LONG, `${LONG}_2`, `x${LONG}`, LONG.slice(0, 40)];
    const hub = await hubOf({ long: { tools }, [`server-${LONG.slice(0, 50)}`]: { tools } });
    const { names, answers } = await callAll(await clientOf(hub.url, era));
    expect(new Set(names).size).toBe(2 * tools.length);
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(54);
    expect(answers).toEqual([...tools.map((tool) => `long ${tool}`), ...tools.map((tool) => `server-${LONG.slice(0, 50)} ${tool}`)]);
    const own = await callAll(await clientOf(`${hub.url}/long`, era));
    expect(own).toEqual({ names: tools, answers: tools.map((tool) => `long ${tool}`) });
  });

  it('a tool that clients would choke on hides nothing but itself, and the reason is in the health of its server', async () => {
    const broken = [
      { name: 'wrong-type', inputSchema: { type: 'object', properties: { a: { type: 'strnig' } } } },
      { name: 'no-object', inputSchema: { type: 'array' } },
      { name: 'no-schema' },
      { inputSchema: { type: 'object' } },
    ];
    const hub = await hubOf({ mixed: { tools: ['first', ...broken, 'last'], prompts: ['ask'] }, other: { tools: ['first'] } });
    const client = await clientOf(hub.url, era);
    const { names, answers } = await callAll(client);
    expect(names).toEqual(['mixed__first', 'mixed__last', 'other__first']);
    expect(answers).toEqual(['mixed first', 'mixed last', 'other first']);
    expect((await client.listPrompts()).prompts).toHaveLength(1);
    const notes = await notesOf(hub, 'mixed');
    expect(notes).toHaveLength(broken.length);
    for (const [index, name] of ['wrong-type', 'no-object', 'no-schema'].entries())
      expect(notes[index]).toContain(`tool ${name} is hidden: `);
    expect(notes[0]).toContain('strnig');
    expect(await notesOf(hub, 'other')).toEqual([]);
  });

  it('a URI that two servers list can be read from each of them', async () => {
    const uri = 'file:///same.txt';
    const hub = await hubOf({
      one: { resources: [uri, 'file:///own.txt'] },
      'two-b': { resources: [uri], resourceTemplates: ['file:///{x}'] },
    });
    const client = await clientOf(hub.url, era);
    const uris = (await client.listResources()).resources.map((resource) => resource.uri);
    expect(uris).toEqual([uri, 'file:///own.txt', `two_b__${uri}`]);
    const read = async (asked: string) => at((await client.readResource({ uri: asked })).contents[0], 'text');
    expect(await Promise.all(uris.map(read))).toEqual([`one ${uri}`, 'one file:///own.txt', `two-b ${uri}`]);
    expect(await read(`one__${uri}`)).toBe(`one ${uri}`);
    expect(await read('file:///listed-nowhere')).toBe('two-b file:///listed-nowhere');
    expect((await notesOf(hub, 'two-b')).join()).toContain(`two_b__${uri}`);
  });

  it('an unknown tool is refused by name, with the closest ones', async () => {
    const hub = await hubOf({ files: { tools: ['read_file', 'write_file'] } });
    const client = await clientOf(hub.url, era);
    const refused = client.callTool({ name: 'files__raed_file' });
    await expect(refused).rejects.toMatchObject({ code: -32602, message: expect.stringContaining('files__read_file') as unknown });
  });
});

it('a name is the same whatever else is configured and whoever starts first', async () => {
  const tools = ['go', LONG, 'ü'];
  const alone = await clientOf((await hubOf({ server: { tools } })).url, 'modern');
  const among = await clientOf((await hubOf({ other: { tools }, server: { tools }, last: { tools } })).url, 'modern');
  const { names } = await callAll(alone);
  const all = await callAll(among);
  expect(all.names).toEqual(expect.arrayContaining(names));
  expect(all.answers[all.names.indexOf(names[1] ?? '')]).toBe(`server ${LONG}`);
});
