import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';

let cli: CommandLine;
let env: Record<string, string>;
beforeAll(async () => {
  cli = await commandLine();
  env = { XDG_DATA_HOME: join(cli.folder, 'data') };
});
afterAll(() => cli.remove());

// The bundle stands alone in a folder, so the optional package of the keyring is not there.
const secret = (input: string, ...args: string[]) => cli.runWith({ env, input }, 'secret', ...args);

describe('mcp-hub secret', () => {
  it('stores what standard input holds, in the sealed file where there is no keyring, and says so', async () => {
    const { code, stdout, stderr } = await secret('s3cret-one\n', 'set', 'github');
    expect([code, stdout]).toEqual([
      0,
      'Secret "github" is kept in the sealed file secrets.json. The config names it ${keyring:github}.\n',
    ]);
    expect(stderr).toContain('Not in the keyring of the system: the optional package @napi-rs/keyring is not installed.');
    expect(await readFile(join(cli.folder, 'data', 'mcp-hub', 'secrets.json'), 'utf8')).not.toContain('s3cret');
  });

  it('lists names and places, and no value', async () => {
    await secret('s3cret-two', 'set', 'another', '--store', 'file');
    expect((await secret('', 'list')).stdout).toBe('another  file\ngithub   file\n');
    const { stdout } = await secret('', 'list', '--json');
    expect(JSON.parse(stdout)).toEqual({
      secrets: [
        { name: 'another', store: 'file' },
        { name: 'github', store: 'file' },
      ],
    });
  });

  it('gives its value to a placeholder, and removes it', async () => {
    const file = join(cli.folder, 'c.json');
    await writeFile(file, JSON.stringify({ mcpServers: { a: { command: 'x', args: ['${keyring:github}'] } } }));
    await chmod(file, 0o600);
    const validate = () => cli.runWith({ env }, 'validate', '--resolve', '--config', 'c.json');
    expect(await validate()).toMatchObject({ code: 0, stdout: '1 server, 0 errors, 0 warnings.\n' });
    expect(await secret('', 'rm', 'github', '--json')).toMatchObject({ code: 0, stdout: '{"name":"github","store":"file"}\n' });
    const { code, stdout } = await validate();
    expect(code).toBe(1);
    expect(stdout).toContain('${keyring:github} in args[0] cannot be resolved. No secret "github" is stored.');
  });

  it.each([
    [['set', 'github', 'hunter2-xyz'], 'A value on the command line can be seen by every user'],
    [['set', 'bad name'], 'has 1 to 128 letters'],
    [['set', 'github'], 'The value is empty'],
    [['set'], '"set" needs the name'],
    [['rm'], '"rm" needs the name'],
    [['list', 'x'], '"list" takes no name'],
    [['list', '--store', 'file'], '--store goes with "set"'],
    [['rm', 'nope'], 'No secret "nope" is stored'],
    [['show', 'github'], 'it is one of set, list, rm'],
    [['set', 'github', '--store', 'cloud'], 'allowed choices are keyring, file'],
  ])('refuses %j', async (args, words) => {
    const { code, stdout, stderr } = await secret('', ...args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('does not put it into the file when the keyring was asked for', async () => {
    const { code, stderr } = await secret('s3cret-three', 'set', 'three', '--store', 'keyring');
    expect(code).toBe(1);
    expect(stderr).toContain('mcp-hub secret set three --store file');
    expect(stderr).not.toContain('s3cret');
    expect((await secret('', 'list')).stdout).not.toContain('three');
  });

  it('refuses what is no text, or too much', async () => {
    const { code, stderr } = await secret('x'.repeat(1024 * 1024 + 1), 'set', 'large');
    expect([code, stderr]).toEqual([1, expect.stringContaining('larger than 1 MiB')]);
  });

  it('says that a sealed file that lost its key cannot be used', async () => {
    await mkdir(join(cli.folder, 'data', 'mcp-hub'), { recursive: true });
    await writeFile(join(cli.folder, 'data', 'mcp-hub', 'key'), `${Buffer.alloc(32, 1).toString('base64url')}\n`);
    const { code, stderr } = await secret('', 'list');
    expect([code, stderr]).toEqual([1, expect.stringContaining('sealed under another key')]);
  });
});
