import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Placeholders, readHubEnvironment, secretStore } from '../../src/config/index.ts';

let folder = '';
let warnings: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-sources-'));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

function placeholders(serverEnv: Record<string, string> = {}, skipCommands = false): Placeholders {
  const env = { PATH: process.env['PATH'], HOME: folder, NAME: 'secret.txt', XDG_DATA_HOME: join(folder, 'data') };
  return new Placeholders(
    {
      serverId: 'srv',
      env,
      hubEnv: readHubEnvironment(env),
      cwd: folder,
      signal: new AbortController().signal,
      commandTimeoutMs: 10_000,
      skipCommands,
      onWarning: ({ field, message }) => void warnings.push(`${field}: ${message}`),
    },
    serverEnv,
  );
}

const text = (source: string): Promise<string> => placeholders().text(source, 'headers.Authorization');

async function put(name: string, content: string | Uint8Array, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

describe('${file:path}', () => {
  it.each([
    ['${file:secret.txt}', 'in it'],
    ['Bearer ${file: ./secret.txt }', 'Bearer in it'],
    ['${file:~/secret.txt}', 'in it'],
    ['${file:${userHome}/${NAME}}', 'in it'],
  ])('%s is what the file holds', async (source, value) => {
    await put('secret.txt', 'in it\n');
    expect(await text(source)).toBe(value);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['no break', 'no break'],
    ['one\n', 'one'],
    ['windows\r\n', 'windows'],
    ['more\n\n', 'more'],
    ['two\nlines\n', 'two\nlines'],
    [' blanks stay \n', ' blanks stay '],
    ['${env:NAME}', '${env:NAME}'],
    ['', ''],
  ])('cuts off the line breaks at the end of %j, and looks at nothing in it again', async (content, value) => {
    const path = await put('f', content);
    expect(await text('${file:' + path + '}')).toBe(value);
  });

  it('follows links, as containers lay them', async () => {
    await symlink(await put('..data', 'linked'), join(folder, 'link'));
    expect(await text('${file:link}')).toBe('linked');
  });

  it('is a value to redact, and may stand in env', async () => {
    await put('secret.txt', 'in it\n');
    const resolving = placeholders({ TOKEN: '${file:secret.txt}' });
    expect(await resolving.env()).toEqual({ TOKEN: 'in it' });
    expect([...resolving.values]).toContain('in it');
  });

  it('is warned of once when others can read it', async () => {
    await put('secret.txt', 'in it', 0o644);
    const resolving = placeholders();
    expect(await resolving.text('${file:secret.txt}', 'url')).toBe('in it');
    await resolving.text('${file:secret.txt}', 'args[0]');
    const path = join(folder, 'secret.txt');
    expect(warnings).toEqual([
      `url: \${file:secret.txt} in url can be read by other users of this machine (mode 0644). Take the right from them: chmod 600 ${path}.`,
    ]);
  });

  it.each([
    ['${file:nope}', 'there is no such file. Make it, or correct the path.'],
    ['${file:secret.txt/x}', 'there is no such file'],
    ['${file:.}', 'is no file. Name a file.'],
    ['${file:}', 'names no file. Write the path behind the colon.'],
    ['${file:/dev/zero}', 'is no file'],
    ['${file:large}', 'larger than 1 MiB'],
    ['${file:binary}', 'no UTF-8 text'],
    ['${file:pipe}', 'is no file'],
  ])('%s is an error that names field, placeholder and remedy', async (source, words) => {
    await put('secret.txt', 'in it');
    await put('large', `SECRET${'x'.repeat(1024 * 1024)}`);
    await put('binary', Buffer.from([0x53, 0x45, 0x43, 0x52, 0x45, 0x54, 0xff, 0xfe]));
    execFileSync('/bin/sh', ['-c', 'mkfifo "$1"', 'sh', join(folder, 'pipe')]);
    const error: unknown = await text(source).catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'PLACEHOLDER_ERROR',
      details: { server: 'srv', field: 'headers.Authorization', placeholder: source },
    });
    expect(String(error)).toContain(`Server "srv": ${source} in headers.Authorization `);
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('SECRET');
  });

  it('is read by a check as well', async () => {
    await put('secret.txt', 'in it');
    expect(await placeholders({}, true).text('${file:secret.txt}', 'url')).toBe('in it');
    await expect(placeholders({}, true).text('${file:nope}', 'url')).rejects.toMatchObject({ code: 'PLACEHOLDER_ERROR' });
  });
});

describe('${keyring:name}', () => {
  const stored = (): Promise<unknown> => secretStore({ XDG_DATA_HOME: join(folder, 'data') }).set('github', 's3cret', 'file');

  it('is what mcp-hub secret has stored, and a value to redact', async () => {
    await stored();
    const resolving = placeholders({ TOKEN: 'Bearer ${keyring:github}' });
    expect(await resolving.env()).toEqual({ TOKEN: 'Bearer s3cret' });
    expect([...resolving.values]).toContain('s3cret');
  });

  it.each([
    ['${keyring:githb}', 'No secret "githb" is stored. Did you mean "github"? Store it: mcp-hub secret set githb.'],
    ['${keyring:}', 'has 1 to 128 letters'],
    ['${keyring:../x}', 'has 1 to 128 letters'],
  ])('%s is an error that names field, placeholder and remedy', async (source, words) => {
    await stored();
    const error: unknown = await text(source).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'PLACEHOLDER_ERROR', details: { server: 'srv', placeholder: source } });
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain('s3cret');
  });

  it('shows nothing of what somebody has written behind it as a default', async () => {
    const error: unknown = await text('${keyring:a:-d3fault}').catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'PLACEHOLDER_ERROR', details: { placeholder: '${keyring:a:-…}' } });
    expect(JSON.stringify([String(error), error])).not.toContain('d3fault');
  });

  it('is looked up by a check where it lies in the file', async () => {
    await stored();
    expect(await placeholders({}, true).text('${keyring:github}', 'url')).toBe('s3cret');
    await expect(placeholders({}, true).text('${keyring:nope}', 'url')).rejects.toMatchObject({ code: 'PLACEHOLDER_ERROR' });
  });

  it('has a sealed file that cannot be used told as such', async () => {
    await stored();
    await writeFile(join(folder, 'data', 'mcp-hub', 'key'), `${Buffer.alloc(32, 7).toString('base64url')}\n`);
    await expect(text('${keyring:github}')).rejects.toMatchObject({
      code: 'PLACEHOLDER_ERROR',
      message: expect.stringContaining('secrets.json, cannot be used'),
    });
  });
});
