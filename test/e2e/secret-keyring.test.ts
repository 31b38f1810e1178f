import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { endHubs, environment, HUB_BIN, makeFolder } from '../support/hub-process.ts';
import { hasTerminals, runOnTerminal } from '../support/terminal.ts';

const SECRET = 's3cret-Zq1aaa-01234';

afterAll(endHubs);

/** A Secret Service as on a desktop; Debian's packages dbus and gnome-keyring have it. */
const hasKeyring = ['dbus-run-session', 'gnome-keyring-daemon'].every((program) => spawnSync(program, ['--version']).status === 0);

/** Runs a shell script in a session that has an open keyring; both streams. */
async function inSession(folder: string, script: string): Promise<string> {
  const runtime = join(folder, 'runtime');
  await mkdir(runtime, { mode: 0o700 });
  const daemon = 'printf pw | gnome-keyring-daemon --components=secrets --unlock --foreground > /dev/null 2>&1 & sleep 1';
  const child = spawn('dbus-run-session', ['--', '/bin/sh', '-c', `${daemon}\n${script}\nkill %1 2> /dev/null`], {
    cwd: folder,
    env: { ...environment(folder), XDG_RUNTIME_DIR: runtime, NODE: process.execPath, HUB: HUB_BIN },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

describe.runIf(hasKeyring)('a secret in the keyring of the system', () => {
  it('is stored there and nowhere else, resolved from there, and removed', async () => {
    const folder = await makeFolder();
    const config = { mcpServers: { a: { command: 'node', env: { A: '${keyring:github}' } } } };
    await writeFile(join(folder, 'c.json'), JSON.stringify(config));
    const said = await inSession(
      folder,
      `hub() { "$NODE" "$HUB" "$@"; }
printf '${SECRET}\\n' | hub secret set github
cp "$XDG_DATA_HOME/mcp-hub/secrets.json" before.json
hub secret list
hub validate --resolve --run-commands --config c.json
hub secret rm github
hub secret list --json
hub validate --resolve --run-commands --config c.json`,
    );
    expect(said).toContain('Secret "github" is kept in the keyring of the system.');
    expect(said).toContain('github  keyring\n');
    expect(said).toContain('1 server, 0 errors, 0 warnings.');
    expect(said).toContain('Secret "github" is removed from the keyring of the system.');
    expect(said).toContain('{"secrets":[]}');
    expect(said).toContain('No secret "github" is stored.');
    expect(said).not.toContain(SECRET);
    // Sealed, and of the length that a name alone makes.
    expect((await readFile(join(folder, 'before.json'), 'utf8')).length).toBeLessThan(140);
  });
});

describe.runIf(hasTerminals)('mcp-hub secret set on a terminal', () => {
  it('asks for the value and does not show it', async () => {
    const folder = await makeFolder();
    const env = environment(folder);
    const words = [process.execPath, HUB_BIN, 'secret', 'set', 'github', '--store', 'file'];
    const { code, screen } = await runOnTerminal(words, { cwd: folder, env, answers: [['Value of "github"', `${SECRET}\r`]] });
    expect([code, screen]).toEqual([0, expect.stringContaining('is kept in the sealed file')]);
    expect(screen).not.toContain(SECRET);
    await writeFile(join(folder, 'c.json'), JSON.stringify({ mcpServers: { a: { command: 'node', args: ['${keyring:github}'] } } }));
    const checked = spawnSync(process.execPath, [HUB_BIN, 'validate', '--resolve', '--config', 'c.json'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    expect(checked.stdout).toContain('1 server, 0 errors, 0 warnings.');
  });

  it('stores nothing when the person cancels', async () => {
    const folder = await makeFolder();
    const env = environment(folder);
    const words = [process.execPath, HUB_BIN, 'secret', 'set', 'github', '--store', 'file'];
    const { code, screen } = await runOnTerminal(words, { cwd: folder, env, answers: [['Value of "github"', '\u0003']] });
    expect(code, screen).toBe(130);
    expect(screen).not.toContain('is kept');
    const listed = spawnSync(process.execPath, [HUB_BIN, 'secret', 'list', '--json'], { cwd: folder, env, encoding: 'utf8' });
    expect(listed.stdout).toBe('{"secrets":[]}\n');
  });
});
