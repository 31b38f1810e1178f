import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endHubs, environment, type HubProcess, makeFolder, PROJECT, settled, startHub } from '../support/hub-process.ts';
import { Inspector, type McpClient, type Named, type ServerCommand, sdk1, sdk2 } from '../support/mcp-clients.ts';

type ServerName = 'everything' | 'filesystem' | 'memory';

let hub: HubProcess;
/** Where the file server may read. */
let shared: string;
let servers: Record<ServerName, ServerCommand>;

beforeAll(async () => {
  const folder = await makeFolder();
  shared = join(folder, 'shared');
  await mkdir(shared);
  await writeFile(join(shared, 'poem.txt'), 'Roses are red.\n');
  const server = (name: ServerName, ...args: string[]): ServerCommand => ({
    command: process.execPath,
    args: [join(PROJECT, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`), ...args],
  });
  servers = {
    everything: server('everything', 'stdio'),
    filesystem: server('filesystem', shared),
    memory: { ...server('memory'), env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } },
  };
  hub = await startHub({ config: { mcpServers: servers } });
  await settled(hub);
});

afterAll(() => endHubs());

/** A client with what it needs to be compared with itself. */
interface Subject {
  readonly title: string;
  /** As a client of the hub. */
  readonly viaHub: () => Promise<McpClient>;
  /** As a client of one of its servers, without the hub. */
  readonly direct: (server: ServerCommand) => Promise<McpClient>;
}

/** The task hints of 2025-11-25 mean nothing where its tasks are not offered: not among several servers, and not in the modern era. */
const withoutExecution = (tool: Named & { execution?: unknown }): Named => {
  const { execution: _, ...rest } = tool;
  return rest;
};

const inspect = (...target: string[]): Inspector => new Inspector(target, environment(hub.folder));

const subjects: readonly Subject[] = [
  { title: 'SDK 1.x over Streamable HTTP', viaHub: () => sdk1.http(hub.url), direct: sdk1.direct },
  { title: 'SDK 1.x over HTTP+SSE', viaHub: () => sdk1.sse(`${hub.origin}/sse`), direct: sdk1.direct },
  { title: 'SDK 1.x over HTTP+SSE at /mcp', viaHub: () => sdk1.sse(hub.url), direct: sdk1.direct },
  { title: 'SDK 2.x in the legacy era', viaHub: () => sdk2.legacy(hub.url), direct: sdk2.direct },
  { title: 'SDK 2.x in the modern era', viaHub: () => sdk2.modern(hub.url), direct: sdk2.direct },
  // The Inspector starts a process per request and prints what its SDK gives: the SDK is the quicker witness of a server.
  { title: 'the MCP Inspector', viaHub: async () => inspect(hub.url, '--transport', 'http'), direct: sdk2.direct },
  {
    title: 'the MCP Inspector in the modern era',
    viaHub: async () => inspect(hub.url, '--transport', 'http', '--protocol-era', 'modern'),
    direct: sdk2.direct,
  },
];

describe.each(subjects)('$title', ({ viaHub, direct }) => {
  let client: McpClient;
  const plain: Partial<Record<ServerName, McpClient>> = {};

  beforeAll(async () => {
    client = await viaHub();
    for (const name of ['everything', 'filesystem', 'memory'] as const) plain[name] = await direct(servers[name]);
  });
  afterAll(async () => {
    await client?.close();
    for (const one of Object.values(plain)) await one.close();
  });

  const directly = (name: ServerName): McpClient => {
    const one = plain[name];
    if (!one) throw new Error(`There is no connection to ${name}.`);
    return one;
  };

  /** The items of every server, under the names that the hub gives them. */
  async function exposed(list: (from: McpClient) => Promise<readonly Named[]>): Promise<Named[]> {
    const names = ['everything', 'filesystem', 'memory'] as const;
    const lists = await Promise.all(names.map(async (server) => (await list(directly(server))).map((item) => named(item, server))));
    return lists.flat();
  }

  it('lists every tool with all that its server says of it', async () => {
    const { tools } = await client.listTools();
    expect(tools.length).toBeGreaterThan(30);
    expect(byName(tools)).toEqual(byName(await exposed(async (from) => (await from.listTools()).tools.map(withoutExecution))));
  });

  it('calls tools of every server', async () => {
    const calls = [
      ['everything', 'get-structured-content', { location: 'Chicago' }],
      ['filesystem', 'read_text_file', { path: join(shared, 'poem.txt') }],
      ['memory', 'read_graph', {}],
    ] as const;
    const call = async (from: McpClient, name: string, args: Record<string, string>): Promise<object> =>
      contentOf(await from.callTool({ name, arguments: args }));
    const viaHub = await Promise.all(calls.map(([server, name, args]) => call(client, `${server}__${name}`, args)));
    const original = await Promise.all(calls.map(([server, name, args]) => call(directly(server), name, args)));
    expect(viaHub).toEqual(original);
    expect(JSON.stringify(viaHub)).toContain('Roses are red.');
  });

  it('lists and reads resources', async () => {
    const uri = 'demo://resource/static/document/features.md';
    const [{ resources }, read] = await Promise.all([client.listResources(), client.readResource({ uri })]);
    const original = [...(await directly('everything').listResources()).resources, ...(await directly('memory').listResources()).resources];
    expect(resources).toEqual(expect.arrayContaining(original));
    expect(resources).toHaveLength(original.length);
    expect(read).toHaveProperty('contents.0.text');
    expect(contentsOf(read)).toEqual(contentsOf(await directly('everything').readResource({ uri })));
  });

  it('lists resource templates, and reads what they make', async () => {
    const uri = 'demo://resource/dynamic/text/7';
    const [{ resourceTemplates }, read] = await Promise.all([client.listResourceTemplates(), client.readResource({ uri })]);
    expect(resourceTemplates.length).toBeGreaterThan(0);
    expect(resourceTemplates).toEqual((await directly('everything').listResourceTemplates()).resourceTemplates);
    expect(read).toHaveProperty('contents.0.uri', uri);
  });

  it('lists and gets prompts', async () => {
    const args = { city: 'Rome', state: 'Lazio' };
    const get = client.getPrompt({ name: 'everything__args-prompt', arguments: args });
    const [{ prompts }, prompt] = await Promise.all([client.listPrompts(), get]);
    const original = (await directly('everything').listPrompts()).prompts.map((one) => named(one, 'everything'));
    expect(prompts.length).toBeGreaterThan(0);
    expect(byName(prompts)).toEqual(byName(original));
    expect(prompt).toHaveProperty('messages.0.content.text');
    expect(messagesOf(prompt)).toEqual(messagesOf(await directly('everything').getPrompt({ name: 'args-prompt', arguments: args })));
  });
});

describe('what an era or a client has of its own', () => {
  it.each([
    ['SDK 1.x over Streamable HTTP', () => sdk1.http(hub.url)],
    ['SDK 1.x over HTTP+SSE', () => sdk1.sse(`${hub.origin}/sse`)],
    ['SDK 2.x', () => sdk2.legacy(hub.url)],
  ])('ping by %s', async (_, connect) => {
    const client = await connect();
    try {
      expect(await client.ping()).not.toHaveProperty('error');
    } finally {
      await client.close();
    }
  });

  it('server/discover by SDK 2.x', async () => {
    const client = await sdk2.modern(hub.url);
    try {
      expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
      expect(client.getServerVersion()).toMatchObject({ name: 'mcp-hub' });
    } finally {
      await client.close();
    }
  });

  it('initialize by the Inspector, also over HTTP+SSE', async () => {
    const http = inspect(hub.url, '--transport', 'http').run('initialize');
    const sse = inspect(`${hub.origin}/sse`, '--transport', 'sse').run('initialize');
    const hello = { serverInfo: { name: 'mcp-hub' }, protocolVersion: '2025-11-25' };
    expect(await Promise.all([http, sse])).toMatchObject([hello, hello]);
  });

  it('the same tools by the Inspector, with the hub and without', async () => {
    const { command, args } = servers.filesystem;
    const hubTools = inspect(`${hub.url}/filesystem`, '--transport', 'http').listTools();
    const [viaHub, direct] = await Promise.all([hubTools, inspect(command, ...args).listTools()]);
    expect(viaHub.tools).toEqual(direct.tools);
  });

  it('on the wire of the modern era all but the task hints of the legacy one', async () => {
    const direct = await sdk1.direct(servers.filesystem);
    try {
      const { tools } = await direct.listTools();
      expect(tools[0]).toHaveProperty('execution');
      expect(await modernTools(`${hub.url}/filesystem`)).toEqual(tools.map(withoutExecution));
    } finally {
      await direct.close();
    }
  });
});

async function modernTools(url: string): Promise<unknown> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
  });
  return JSON.parse(await response.text()).result.tools;
}

function named<T extends Named>(item: T, server: ServerName): T {
  return { ...item, name: `${server}__${item.name}` };
}

function byName(items: readonly Named[]): Record<string, Named> {
  return Object.fromEntries(items.map((item) => [item.name, item]));
}

/** The parts of an answer that are the server's; the rest is the era's, such as `_meta.serverInfo`. */
function contentOf(answer: { content?: unknown; structuredContent?: unknown; isError?: unknown }): object {
  return { content: answer.content, structuredContent: answer.structuredContent, isError: answer.isError };
}

const contentsOf = ({ contents }: { contents?: unknown }): unknown => contents;
const messagesOf = ({ messages }: { messages?: unknown }): unknown => messages;
