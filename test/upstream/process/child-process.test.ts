import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type HubError, silentLogger, systemClock } from '../../../src/base/index.ts';
import { ChildProcess } from '../../../src/upstream/process/child-process.ts';
import type { StdioLaunch } from '../../../src/upstream/index.ts';
import { ProcessGuard } from '../../../src/upstream/process/process-guard.ts';
import { commandLaunch, fixtureLaunch, scriptLaunch } from '../../support/fixtures.ts';
import { eventually, isRunning, stubbornPids } from '../../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-hub-child-'));
const guard = new ProcessGuard({ logger: silentLogger, clock: systemClock });
const started: ChildProcess[] = [];
const grace = { inputEndMs: 200, terminateMs: 300, killMs: 500 };

afterEach(async () => {
  await Promise.all(started.splice(0).map((child) => child.stop()));
});
afterAll(async () => {
  await guard.close();
  rmSync(folder, { recursive: true });
});

function childOf(launch: StdioLaunch, more: Partial<typeof grace> = {}): ChildProcess {
  const times = { ...grace, ...more };
  const child = new ChildProcess({ id: 'github', launch, guard, clock: systemClock, logger: silentLogger, grace: times });
  started.push(child);
  return child;
}

async function outputOf(launch: StdioLaunch): Promise<string> {
  const child = childOf(launch);
  const { stdout } = await child.start();
  let text = '';
  stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await child.ended;
  return text;
}

async function failure(launch: StdioLaunch): Promise<HubError> {
  return childOf(launch)
    .start()
    .then(
      () => expect.fail('it started'),
      (error: HubError) => error,
    );
}

describe('ChildProcess', () => {
  it('gives exactly the environment and the folder of the launch', async () => {
    const script = 'console.log(JSON.stringify([Object.keys(process.env).sort(), process.env.TOKEN, process.cwd()]))';
    const launch = scriptLaunch(script, { env: { TOKEN: 'a b=c' }, cwd: folder });
    const [names, token, cwd] = JSON.parse(await outputOf(launch));
    expect(names).toEqual(['PATH', 'TOKEN']);
    expect(token).toBe('a b=c');
    expect(cwd).toMatch(/mcp-hub-child-/);
  });

  it('passes arguments as they are, without a shell', async () => {
    const args = ['a b', '$HOME', '"quoted"', '&& rm', '', 'ü*?'];
    const launch = commandLaunch(process.execPath, ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...args]);
    expect(JSON.parse(await outputOf(launch))).toEqual(args);
  });

  it('tells how it ended, and reads all of what was written before', async () => {
    const child = childOf(scriptLaunch("process.stdout.write('x'.repeat(150_000), () => process.exit(4))"));
    const { stdout } = await child.start();
    let bytes = 0;
    stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    expect(await child.ended).toEqual({ code: 4, signal: null, forced: false });
    expect(bytes).toBe(150_000);
  });

  it('sends no signal to a server that goes when its input ends', async () => {
    // Time enough for a busy machine: it may not even have started to read its input.
    const child = childOf(fixtureLaunch('echo'), { inputEndMs: 10_000 });
    const { stdout } = await child.start();
    stdout.resume();
    await child.stop();
    expect(await child.ended).toEqual({ code: 0, signal: null, forced: false });
  });

  it('stops a deaf server and its grandchild, all within the grace times', async () => {
    const file = join(folder, 'stubborn.json');
    const child = childOf(fixtureLaunch('stubborn', [file]));
    const { stdout } = await child.start();
    stdout.resume();
    const pids = await stubbornPids(file);
    const startMs = Date.now();
    await child.stop();
    expect(Date.now() - startMs).toBeLessThan(3_000);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL', forced: true });
  });

  it('ends what a crashed server leaves behind, without being asked', async () => {
    const file = join(folder, 'left.json');
    const child = childOf(fixtureLaunch('stubborn', [file]));
    const { stdout } = await child.start();
    stdout.resume();
    const [pid = 0, grandchild = 0] = await stubbornPids(file);
    process.kill(pid, 'SIGKILL');
    expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL', forced: false });
    await eventually('the grandchild is gone', () => !isRunning(grandchild));
  });

  it('does not wait for a descendant that left the group and holds the pipes', async () => {
    const script =
      "const c = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 4000)'], { detached: true, stdio: 'inherit' });" +
      'console.log(c.pid); process.exit(0)';
    const text = await outputOf(scriptLaunch(script));
    expect(isRunning(Number(text))).toBe(true);
    process.kill(Number(text), 'SIGKILL');
  });

  it('can be stopped while it starts, and before', async () => {
    const child = childOf(fixtureLaunch('echo'));
    const starting = child.start();
    await child.stop();
    await starting;
    // How it ended depends on how far it had come: by the end of its input, or by SIGTERM.
    await child.ended;
    expect(child.pid !== undefined && isRunning(child.pid)).toBe(false);
    await childOf(fixtureLaunch('echo')).stop();
  });

  it('keeps the last output of a flood, and lets the server run on', async () => {
    const child = childOf(fixtureLaunch('flood-stderr', [5]));
    const { stdout } = await child.start();
    stdout.resume();
    await eventually('the end of the flood', () => child.stderrTail().at(-1)?.text === 'flood over');
    expect(child.stderrTail()).toHaveLength(500);
  });

  it('redacts standard error', async () => {
    const child = childOf(scriptLaunch("console.error('token is hunter2')", { secret: 'hunter2' }));
    const { stdout } = await child.start();
    stdout.resume();
    await child.ended;
    expect(child.stderrTail().map((line) => line.text)).toEqual(['token is [redacted]']);
  });
});

describe('a process that cannot be started', () => {
  it('says that the command is not on the PATH', async () => {
    const error = await failure(commandLaunch('no-such-command', ['-y', 'x']));
    expect(error.code).toBe('CONNECTION_ERROR');
    expect(error.message).toBe(
      'Server "github" could not be started: the command of "no-such-command -y x" was not found on its PATH. ' +
        'Install it, or write its full path into "command".',
    );
    expect(error.details).toEqual({ server: 'github', errno: 'ENOENT' });
    expect(error.cause).toBeUndefined();
  });

  it('says what to write for ~', async () => {
    const words = '"~" is not replaced here. Write ${userHome} for it.';
    expect((await failure(commandLaunch('~/bin/server'))).message).toContain(words);
    expect((await failure({ ...commandLaunch(process.execPath), cwd: '~/work' })).message).toContain(words);
  });

  it.each(['node server.js', 'npx -y @scope/name', `${process.execPath} server.js`])(
    'says where arguments belong when the command is a whole line: %s',
    async (command) => {
      const { message } = await failure(commandLaunch(command));
      expect(message).toBe(
        `Server "github" could not be started: there is no program "${command}". ` +
          'Put the program alone into "command", and each of its arguments into "args".',
      );
    },
  );

  it('says that the file is not there', async () => {
    expect((await failure(commandLaunch('/no/such/command'))).message).toContain('does not exist');
  });

  it('says that the file may not be run', async () => {
    const file = join(folder, 'not-executable');
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o644);
    expect((await failure(commandLaunch(file))).message).toContain('may not be run (EACCES)');
  });

  it('says that the folder is not there, or is none', async () => {
    expect((await failure(fixtureLaunch('echo', [], { cwd: '/no/such/folder' }))).message).toContain(
      'working directory "/no/such/folder" does not',
    );
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect((await failure(fixtureLaunch('echo', [], { cwd: file }))).message).toContain('is not a folder');
  });

  it('never shows an argument, whatever the platform says', async () => {
    const error = await failure({ ...commandLaunch('x', ['hunter2\0']), label: 'x ${input:token}' });
    expect(error.message).toContain('"x ${input:token}"');
    expect(JSON.stringify([error.message, error.details, error.cause ?? null])).not.toContain('hunter2');
  });
});
