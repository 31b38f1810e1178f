import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { bundleSource } from '../support/bundle-source.ts';

const bundle = bundleSource('test/fixtures/cli/fake-hub.ts');
const home = mkdtempSync(join(tmpdir(), 'mcp-hub-serve-'));
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});
afterAll(() => {
  bundle.remove();
  rmSync(home, { recursive: true, force: true });
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<{ code: number | null; signal: string | null }>;
}

function serve(mode: string, ...args: string[]): Run {
  const env = { PATH: process.env['PATH'], HOME: home, XDG_STATE_HOME: home, FAKE_HUB: mode };
  const child = spawn(process.execPath, [bundle.file, '--port', '0', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null }));
  return { child, output, ended };
}

/** What stands in the log of this run. */
function logged({ child }: Run): readonly object[] {
  const lines = readFileSync(join(home, 'mcp-hub', 'logs', 'mcp-hub.log'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.map((line): { readonly pid?: number } => JSON.parse(line)).filter(({ pid }) => pid === child.pid);
}

/** Elsewhere the pid is known only where `lsof` is. */
const onLinux = (text: string): string => (process.platform === 'linux' ? text : '');

async function until(run: Run, text: string): Promise<void> {
  while (!run.output.stdout.includes(text) && !run.output.stderr.includes(text)) {
    const ended = await Promise.race([run.ended, once(run.child.stdout!, 'data'), once(run.child.stderr!, 'data')]);
    if ('code' in ended) throw new Error(`ended without "${text}": ${JSON.stringify(run.output)}`);
  }
}

async function portHeldBy(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('runServe', () => {
  it('tells the servers and the addresses, logs to the state folder, and stops on SIGINT', async () => {
    const run = serve('');
    await until(run, 'mcpServers');
    const port = /http:\/\/localhost:(\d+)\/mcp/.exec(run.output.stdout)?.[1] ?? '';
    expect(run.output.stdout).toContain('everything  3 tools, 1 resource  (12 ms)');
    expect(run.output.stdout).toContain(`{"mcpServers": {"Hub": {"url": "http://localhost:${port}/mcp"}}}`);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);

    run.child.kill('SIGINT');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.output.stderr).toBe('');
    expect(readFileSync(join(home, 'mcp-hub', 'logs', 'mcp-hub.log'), 'utf8')).toContain('"message":"SIGINT: the hub is stopping."');
  });

  it('stops on SIGTERM', async () => {
    const run = serve('');
    await until(run, 'mcpServers');
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends at once on a second %s', async (signal, code) => {
    const run = serve('never-stops', '--verbose');
    await until(run, 'mcpServers');
    run.child.kill(signal);
    await until(run, 'the hub is stopping');
    run.child.kill(signal);
    expect(await run.ended).toEqual({ code, signal: null });
  });

  it('says so when the stop fails', async () => {
    const run = serve('stop-fails');
    await until(run, 'mcpServers');
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 3, signal: null });
    expect(run.output.stderr).toContain('error: The hub did not stop in order: cannot stop');
  });

  it('ends when somebody asks for another process', async () => {
    const run = serve('hard-restart');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(home, 'mcp-hub', 'logs', 'mcp-hub.log'), 'utf8')).toContain('A restart of the whole process was asked for');
  });

  it('ends when nobody needs the hub any more', async () => {
    const run = serve('idle', '--auto-shutdown');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(home, 'mcp-hub', 'logs', 'mcp-hub.log'), 'utf8')).toContain('No client is connected any more');
  });

  it('outlives SIGHUP, on which it loads its config again', async () => {
    const run = serve('', '--verbose');
    await until(run, 'mcpServers');
    run.child.kill('SIGHUP');
    await until(run, 'reloaded');
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, signal: null });
  });

  it('outlives stray errors and logs them', async () => {
    const run = serve('stray-errors');
    await until(run, 'still here');
    expect(run.output.stderr).toContain(
      'error: A mistake in the hub itself (unhandledRejection): stray rejection: [redacted]. It goes on.',
    );
    expect(run.output.stderr).toContain('error: A mistake in the hub itself (uncaughtException): stray exception. It goes on.');
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, signal: null });
  });

  it('outlives the reader of its output', async () => {
    const run = serve('chatty');
    await until(run, 'mcpServers');
    const port = /http:\/\/localhost:(\d+)\/mcp/.exec(run.output.stdout)?.[1] ?? '';
    run.child.stdout?.destroy();
    run.child.stderr?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, signal: null });
  });

  it('ends with 1 and the place of the error for a wrong configuration', async () => {
    const run = serve('config-error');
    expect(await run.ended).toEqual({ code: 1, signal: null });
    expect(run.output).toEqual({ stdout: '', stderr: 'error: servers.json:3:5: mcpServers.a: Bad. Fix it.\n' });
    expect(logged(run).at(-1)).toMatchObject({
      type: 'error',
      code: 'CONFIG_ERROR',
      message: 'The hub could not be started: The configuration is wrong.',
      data: { diagnostics: [{ file: 'servers.json', line: 3 }] },
    });
  });

  it.each(['', 'stray-listen-error'])('ends with 2 and the name of who has the port (%s)', async (mode) => {
    const holder = createServer((socket) => socket.on('error', () => {}).resume());
    const port = await portHeldBy(holder);
    try {
      const run = serve(mode, '--port', String(port));
      expect(await run.ended).toEqual({ code: 2, signal: null });
      expect(run.output.stdout).toBe('');
      expect(run.output.stderr).toContain(`EADDRINUSE: port ${port} is in use by `);
      expect(run.output.stderr).toContain(onLinux(`(pid ${process.pid})`));
      expect(run.output.stderr).toContain('which is not an mcp-hub');
      expect(run.output.stderr).toContain(`--port ${port + 1}`);
      expect(logged(run)).toMatchObject([{ type: 'error', code: 'PORT_IN_USE' }]);
    } finally {
      holder.close();
    }
  });

  it('names another mcp-hub on the port', async () => {
    const first = serve('');
    await until(first, 'mcpServers');
    const port = /http:\/\/localhost:(\d+)\/mcp/.exec(first.output.stdout)?.[1] ?? '';
    const second = serve('', '--port', port);
    expect(await second.ended).toEqual({ code: 2, signal: null });
    expect(second.output.stderr).toContain('an mcp-hub (version 4.3.0)');
    expect(second.output.stderr).toContain(onLinux(`kill ${first.child.pid}`));
  });

  it('warns of an open host', async () => {
    const run = serve('', '--watch', '--auto-shutdown', '--shutdown-delay', '5', '--host', '0.0.0.0');
    await until(run, 'mcpServers');
    expect(run.output.stderr).toBe(
      'warning: --host 0.0.0.0 opens the hub to other machines. Every request needs an API key, but nothing is encrypted: outside of\n' +
        'a network that you trust put a reverse proxy with TLS in front. See docs/security.md.\n',
    );
  });

  it('runs without a log file where none can be written', async () => {
    const env = { PATH: process.env['PATH'], HOME: home, XDG_STATE_HOME: bundle.file };
    const child = spawn(process.execPath, [bundle.file, '--port', '0'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    running.push(child);
    const [chunk] = await once(child.stderr, 'data');
    expect(String(chunk)).toContain('warning: The log cannot be written');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
  });
});
