import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { send, modern } from '../downstream/harness.ts';
import { at } from '../support/era-pairs.ts';
import { endHubs, environment, HUB_BIN, type HubProcess, settled, startHub } from '../support/hub-process.ts';
import { fixture } from '../support/in-process-hub.ts';
import { isRunning } from '../support/processes.ts';

afterEach(() => endHubs());

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the hub's process was there when the command said that it was not. */
  readonly isHubThere: boolean;
}

/** `mcp-hub shutdown`, in the hub's folder. */
function shutDown(hub: HubProcess, ...more: readonly string[]): Promise<Run> {
  return run(hub, [HUB_BIN, 'shutdown', ...more]);
}

function run(hub: HubProcess, args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, args, { cwd: hub.folder, env: environment(hub.folder) });
  let [stdout, stderr] = ['', ''];
  let isHubThere = true;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    isHubThere = isRunning(hub.pid);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr, isHubThere }));
  });
}

const logOf = ({ folder }: HubProcess): Promise<string> => readFile(join(folder, 'home/state/mcp-hub/logs/mcp-hub.log'), 'utf8');

it('waits for the calls that the hub still lets end, and says so', async () => {
  const hub = await startHub({ config: { shutdownTimeout: 15_000, mcpServers: { gauge: fixture('gauge.mjs') } } });
  await settled(hub);
  const call = send(hub.url, modern('tools/call', { name: 'gauge__work', arguments: { ms: 6_000, n: 7 } }));
  await send(hub.url, modern('tools/list'));
  const { code, stdout, stderr, isHubThere } = await shutDown(hub);
  const answer = await call;
  expect(at(answer.events.at(-1) ?? answer.json, 'result', 'structuredContent', 'n')).toBe(7);
  expect({ code, isHubThere }).toEqual({ code: 0, isHubThere: false });
  expect(stdout).toBe(`The hub (pid ${hub.pid}, port ${hub.port}) has stopped.\n`);
  expect(await logOf(hub)).toContain('SIGTERM');
  expect(stderr).toMatch(/^The hub .*lets 1 call end, for at most 15 s/);
  expect(await hub.exit).toMatchObject({ code: 0 });
});

it('says nothing of waiting where there is nothing to wait for', async () => {
  const hub = await startHub({ config: { mcpServers: { gauge: fixture('gauge.mjs') } } });
  await settled(hub);
  const { code, stdout, stderr } = await shutDown(hub, '--json');
  expect({ code, stderr, told: JSON.parse(stdout) }).toEqual({ code: 0, stderr: '', told: { pid: hub.pid, port: hub.port } });
  expect(await hub.exit).toMatchObject({ code: 0 });
});

it('asks the hub over HTTP on Windows, where a signal would end it in the middle of everything', async () => {
  const hub = await startHub({ config: { shutdownTimeout: 8_000, mcpServers: { gauge: fixture('gauge.mjs') } } });
  await settled(hub);
  const call = send(hub.url, modern('tools/call', { name: 'gauge__work', arguments: { ms: 1_500, n: 7 } }));
  await send(hub.url, modern('tools/list'));
  const onWindows = "data:text/javascript,Object.defineProperty(process,'platform',{value:'win32'})";
  const { code, isHubThere } = await run(hub, ['--import', onWindows, HUB_BIN, 'shutdown']);
  const answer = await call;
  expect(at(answer.events.at(-1) ?? answer.json, 'result', 'structuredContent', 'n')).toBe(7);
  expect({ code, isHubThere }).toEqual({ code: 0, isHubThere: false });
  expect(await logOf(hub)).not.toContain('SIGTERM');
  expect(await hub.exit).toMatchObject({ code: 0 });
});
