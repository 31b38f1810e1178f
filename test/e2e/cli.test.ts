import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { endHubs, environment, HUB_BIN, type HubProcess, settled, startHub } from '../support/hub-process.ts';
import { fixture } from '../support/in-process-hub.ts';

let hub: HubProcess;

const config = `{
  // what the tests call
  "mcpServers": {
    "the echo": ${JSON.stringify(fixture('echo.mjs'))}, // with a space
    "gone": { "command": "there-is-no-such-command" }
  }
}
`;

beforeAll(async () => {
  hub = await startHub({ config });
  await settled(hub);
});
afterAll(() => endHubs());

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in the hub's folder. `onOutput` may end it. */
function mcpHub(args: readonly string[], onOutput?: (stdout: string, kill: () => void) => void): Promise<Run> {
  const child = spawn(process.execPath, [HUB_BIN, ...args], {
    cwd: hub.folder,
    env: environment(hub.folder),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onOutput?.(stdout, () => child.kill('SIGINT'));
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const fileText = (): Promise<string> => readFile(join(hub.folder, 'mcp-servers.json'), 'utf8');

describe('the commands, with a hub that runs', () => {
  it('find it by the folder they run in', async () => {
    const { code, stdout } = await mcpHub(['status', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ port: hub.port, pid: hub.pid, state: 'ready', config_files: ['mcp-servers.json'] });
  });

  it('list servers and tools', async () => {
    const servers = await mcpHub(['servers']);
    expect(servers.stdout).toMatch(/^the echo +connected/m);
    expect(servers.stdout).toMatch(/^gone +disconnected .*there-is-no-such-command/m);
    const { tools } = JSON.parse((await mcpHub(['tools', '--json'])).stdout);
    expect(tools).toContainEqual(expect.objectContaining({ name: 'the_echo__echo', server: 'the echo', tool: 'echo' }));
    expect((await mcpHub(['servers', 'the echo'])).stdout).toContain('PATH');
  });

  it('call a tool', async () => {
    expect(await mcpHub(['call', 'the_echo__echo', 'text=ü 1'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ü 1'),
      stderr: '',
    });
    expect(await mcpHub(['call', 'the_echo__eco'])).toMatchObject({ code: 3, stderr: expect.stringContaining('the_echo__echo') });
  });

  it('stop, start, disable and enable a server; the file keeps its comments', async () => {
    expect((await mcpHub(['stop', 'the echo'])).stdout).toBe('the echo is disconnected.\n');
    expect((await mcpHub(['start', 'the echo'])).stdout).toMatch(/^the echo is connected, /);
    expect((await mcpHub(['disable', 'the echo'])).stdout).toBe('the echo is disabled.\n');
    expect(await fileText()).toContain('"disabled": true');
    expect((await mcpHub(['enable', 'the echo'])).stdout).toMatch(/^the echo is connected, /);
    expect(await fileText()).toBe(config);
    expect(await mcpHub(['start', 'gone'])).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('there-is-no-such-command'),
    });
  });

  it('add and remove a server', async () => {
    const { command, args } = fixture('echo.mjs');
    const shown = await mcpHub(['add', 'two', '--dry-run', '--', command, ...args]);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\+.*"two"/m) });
    expect(await fileText()).toBe(config);
    const added = await mcpHub(['add', 'two', '--env', 'A=b', '--', command, ...args]);
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('two is connected') });
    expect(await mcpHub(['add', 'two', '--url', 'http://localhost:1'])).toMatchObject({ code: 3, stdout: '' });
    expect((await mcpHub(['remove', 'two'])).code).toBe(0);
    expect(await fileText()).toBe(config);
  });

  it('follow events and the log', async () => {
    // What the tests before have done may still be told of.
    let isRestarting = false;
    const told = { events: 0, logs: 0 };
    const follow = (what: keyof typeof told, args: readonly string[], isIt: (line: string) => boolean): Promise<Run> => {
      let before = 0;
      return mcpHub(args, (text, kill) => {
        told[what] = text.split('\n').filter(isIt).length;
        if (!isRestarting) before = told[what];
        else if (told[what] > before) kill();
      });
    };
    const events = follow(
      'events',
      ['events', '--only', 'subscription_event', '--json'],
      (line) => line.includes('"servers_updated"') && line.includes('"the echo"'),
    );
    const logs = follow('logs', ['logs', '-f', '-n', '0'], (line) => line.includes('the echo'));
    // Both have to be there before something happens.
    await eventually(async () => expect(JSON.parse((await mcpHub(['status', '--json'])).stdout)).toMatchObject({ activeClients: 2 }));
    isRestarting = true;
    await mcpHub(['restart', 'the echo']);
    const { code, stdout } = await events;
    expect(code).toBe(0);
    for (const line of stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ event: 'subscription_event' });
    expect(await logs).toMatchObject({ code: 0, stderr: '' });
  });

  it('complete the names of servers and tools', async () => {
    expect((await mcpHub(['__complete', '--', 'restart', 't'])).stdout).toBe('the echo\n');
    expect((await mcpHub(['__complete', '--', 'call', 'the_echo__ec'])).stdout).toContain('the_echo__echo\n');
  });

  it('stop it, and say so when there is none', async () => {
    expect(await mcpHub(['shutdown'])).toMatchObject({ code: 0, stderr: '' });
    expect(await hub.exit).toMatchObject({ code: 0 });
    const port = String(hub.port);
    const { code, stdout } = await mcpHub(['servers', '--port', port, '--json']);
    expect({ code, document: JSON.parse(stdout) }).toMatchObject({ code: 3, document: { code: 'HUB_NOT_FOUND' } });
    // What is changed now is changed in the file.
    expect((await mcpHub(['disable', 'gone', '--config', 'mcp-servers.json'])).code).toBe(0);
    expect(await fileText()).toContain('"disabled": true');
  });
});
