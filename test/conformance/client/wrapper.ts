/**
 * The client that the official suite runs: `wrapper.mjs <era> <place> <url of the suite's server>`.
 *
 * `place` is `direct`, or the endpoint of a hub (`server`: `/mcp/<server>`, `merged`: `/mcp`) that this process starts with
 * the suite's server as its only upstream. `era` is what the client speaks. The scenario comes in the environment.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { runHub } from '../../support/in-process-hub.ts';
import { oauthEntry, runAlone, runBehindHub } from './logins.ts';
import { loginContext } from './provider.ts';
import { answerForm, type Driver, SCENARIOS } from './scenarios.ts';

const [era, place, url] = process.argv.slice(2);
const scenario = process.env['MCP_CONFORMANCE_SCENARIO'] ?? '';
const context: unknown = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? 'null');
const isLogin = scenario.startsWith('auth/');
const run = SCENARIOS[scenario];
if (url === undefined || (run === undefined && !isLogin)) throw new Error(`No such scenario here: ${scenario}`);

const SERVER = 'suite';
const entry = { url, ...(isLogin && { oauth: oauthEntry(scenario, loginContext(context)) }) };
const hub = place === 'direct' ? undefined : await runHub({ mcpServers: { [SERVER]: entry } });
const target = hub === undefined ? url : place === 'merged' ? hub.url : `${hub.url}/${SERVER}`;

const client = new Client(
  { name: 'conformance-client', version: '1.0.0' },
  {
    capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
    versionNegotiation: { mode: era === 'modern' ? 'auto' : 'legacy' },
  },
);
const driver: Driver = { client, prefix: place === 'merged' ? `${SERVER}__` : '' };
client.setRequestHandler('elicitation/create', () => answerForm(driver, scenario));
client.setRequestHandler('roots/list', () => ({ roots: [] }));
client.setRequestHandler('sampling/createMessage', () => ({
  model: 'none',
  role: 'assistant',
  content: { type: 'text', text: 'Nothing to say.' },
}));
try {
  const open = (): Promise<void> => client.connect(new StreamableHTTPClientTransport(new URL(target)));
  if (run) {
    await open();
    await run(driver, context);
  } else if (hub) await runBehindHub(hub, SERVER, driver, open);
  else await runAlone(client, new URL(target), scenario, loginContext(context));
  await client.close();
} finally {
  await hub?.stop();
}
// The SDK may hold a stream open that nobody will write to any more.
process.exit(0);
