import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client as Sdk2Client, StreamableHTTPClientTransport as Sdk2Http } from '@modelcontextprotocol/client';
import { StdioClientTransport as Sdk2Stdio } from '@modelcontextprotocol/client/stdio';
import { Client as Sdk1Client } from 'sdk-v1/client/index.js';
import { SSEClientTransport as Sdk1Sse } from 'sdk-v1/client/sse.js';
import { StdioClientTransport as Sdk1Stdio } from 'sdk-v1/client/stdio.js';
import { StreamableHTTPClientTransport as Sdk1Http } from 'sdk-v1/client/streamableHttp.js';

/** A local MCP server, to be reached without a hub. */
export interface ServerCommand {
  readonly command: string;
  readonly args: string[];
  readonly env?: Record<string, string>;
}

export type Named = { readonly name: string };

/** What every MCP client can do; the answers are what it gives its own user. */
export interface McpClient {
  listTools(): Promise<{ readonly tools: readonly Named[] }>;
  listPrompts(): Promise<{ readonly prompts: readonly Named[] }>;
  listResources(): Promise<{ readonly resources: readonly object[] }>;
  listResourceTemplates(): Promise<{ readonly resourceTemplates: readonly object[] }>;
  callTool(call: { name: string; arguments: Record<string, string> }): Promise<object>;
  readResource(read: { uri: string }): Promise<object>;
  getPrompt(get: { name: string; arguments: Record<string, string> }): Promise<object>;
  close(): Promise<void>;
}

const SELF = { name: 'e2e', version: '1.0.0' };

/** What the hub declares to a legacy server: some offer more to a client that can be asked. */
const LIKE_THE_HUB = { capabilities: { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} } };

/** The 1.x SDK. */
export const sdk1 = {
  async http(url: string): Promise<Sdk1Client> {
    const client = new Sdk1Client(SELF);
    const transport = new Sdk1Http(new URL(url));
    // Its types were not made for exactOptionalPropertyTypes: `sessionId` is a getter that may give undefined.
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    return client;
  },
  async sse(url: string): Promise<Sdk1Client> {
    const client = new Sdk1Client(SELF);
    await client.connect(new Sdk1Sse(new URL(url)));
    return client;
  },
  async direct(server: ServerCommand): Promise<Sdk1Client> {
    const client = new Sdk1Client(SELF, LIKE_THE_HUB);
    await client.connect(new Sdk1Stdio({ ...server, stderr: 'ignore' }));
    return client;
  },
};

/** The 2.x SDK, in one era or the other. */
export const sdk2 = {
  async legacy(url: string): Promise<Sdk2Client> {
    const client = new Sdk2Client(SELF);
    await client.connect(new Sdk2Http(new URL(url)));
    return client;
  },
  async modern(url: string): Promise<Sdk2Client> {
    const client = new Sdk2Client(SELF, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new Sdk2Http(new URL(url)));
    return client;
  },
  async direct(server: ServerCommand): Promise<Sdk2Client> {
    const client = new Sdk2Client(SELF, LIKE_THE_HUB);
    await client.connect(new Sdk2Stdio({ ...server, stderr: 'ignore' }));
    return client;
  },
};

/** The MCP Inspector's command line: one process per request. `target` says which server, and how to reach it. */
export class Inspector implements McpClient {
  readonly #target: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  constructor(target: readonly string[], env: Readonly<Record<string, string>>) {
    this.#target = target;
    this.#env = env;
  }

  readonly listTools: McpClient['listTools'] = () => this.run('tools/list');
  readonly listPrompts: McpClient['listPrompts'] = () => this.run('prompts/list');
  readonly listResources: McpClient['listResources'] = () => this.run('resources/list');
  readonly listResourceTemplates: McpClient['listResourceTemplates'] = () => this.run('resources/templates/list');
  readonly readResource: McpClient['readResource'] = ({ uri }) => this.run('resources/read', '--uri', uri);

  readonly callTool: McpClient['callTool'] = ({ name, arguments: args }) =>
    this.run('tools/call', '--tool-name', name, ...pairs('--tool-arg', args));

  readonly getPrompt: McpClient['getPrompt'] = ({ name, arguments: args }) =>
    this.run('prompts/get', '--prompt-name', name, ...pairs('--prompt-args', args));

  /** What one request is answered with. */
  async run<T>(method: string, ...args: readonly string[]): Promise<T> {
    const line = [inspectorBin(), '--cli', ...this.#target, '--method', method, ...args];
    const { stdout } = await promisify(execFile)(process.execPath, line, { env: this.#env, timeout: 30_000, maxBuffer: 2 ** 24 });
    return JSON.parse(stdout);
  }

  async close(): Promise<void> {}
}

function pairs(option: string, values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [option, `${name}=${value}`]);
}

function inspectorBin(): string {
  const manifest = createRequire(import.meta.url).resolve('@modelcontextprotocol/inspector/package.json');
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), bin['mcp-inspector']);
}
