import type { Client } from '@modelcontextprotocol/client';
import { z } from 'zod';

/** A connected client, and how names look where it is connected. */
export interface Driver {
  readonly client: Client;
  /** What stands before the names of tools and prompts; empty except at the merged endpoint. */
  readonly prefix: string;
}

const TOOL_CALLS = z.object({ toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) })) });

/** Calls a tool by the name that its server gave it. A failure is the suite's to judge: it looks at what the server has seen. */
async function call({ client, prefix }: Driver, name: string, args: Record<string, unknown> = {}): Promise<void> {
  try {
    const result = await client.callTool({ name: prefix + name, arguments: args });
    if (result.isError) console.error(`${name}: ${JSON.stringify(result.content)}`);
  } catch (error) {
    console.error(`${name}: ${String(error)}`);
  }
}

/** Lists the tools, as a client that can be trusted does before it calls one, and gives them with their plain names. */
async function tools({ client, prefix }: Driver) {
  const { tools: listed } = await client.listTools();
  return listed.filter(({ name }) => name.startsWith(prefix)).map((tool) => ({ ...tool, name: tool.name.slice(prefix.length) }));
}

async function callEveryTool(driver: Driver): Promise<void> {
  for (const { name } of await tools(driver)) await call(driver, name);
}

/** Lists, then uses, one of each kind, so that every method with a name in its headers is on the wire. */
async function useEverything(driver: Driver): Promise<void> {
  const { client } = driver;
  await callEveryTool(driver);
  for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name, arguments: {} });
}

/** What a client does in each scenario that is about messages (for those about authorization see logins.ts). */
export const SCENARIOS: Readonly<Record<string, (driver: Driver, context: unknown) => Promise<void>>> = {
  initialize: async (driver) => void (await tools(driver)),
  tools_call: async (driver) => {
    await tools(driver);
    await call(driver, 'add_numbers', { a: 2, b: 3 });
  },
  'elicitation-sep1034-client-defaults': callEveryTool,
  'sse-retry': callEveryTool,
  'request-metadata': async (driver) => void (await tools(driver)),
  'json-schema-ref-no-deref': async (driver) => void (await tools(driver)),
  'json-schema-2020-12-preservation': async (driver) => {
    const schema = (await tools(driver)).find(({ name }) => name === 'json_schema_2020_12_tool')?.inputSchema;
    await call(driver, 'json_schema_echo', { schema });
  },
  'http-standard-headers': useEverything,
  'http-invalid-tool-headers': callEveryTool,
  'http-custom-headers': async (driver, context) => {
    await tools(driver);
    for (const one of TOOL_CALLS.parse(context).toolCalls) await call(driver, one.name, one.arguments);
  },
  'sep-2322-client-request-state': async (driver) => {
    await tools(driver);
    for (const name of ['test_mrtr_echo_state', 'test_mrtr_no_state', 'test_mrtr_no_result_type']) await call(driver, name);
  },
};

/**
 * What the user of the client does when a server asks: accepts the form and fills in nothing, so that the form's defaults count.
 * In the scenario about rounds an unrelated tool is called while the question is open: nothing of the one may reach the other.
 */
export async function answerForm(driver: Driver, scenario: string): Promise<{ action: 'accept'; content: Record<string, boolean> }> {
  if (scenario !== 'sep-2322-client-request-state') return { action: 'accept', content: {} };
  await call(driver, 'test_mrtr_unrelated');
  return { action: 'accept', content: { confirmed: true } };
}
