import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REDACTED, Secret } from '../../../src/base/index.ts';
import { backupPath, loadBackup } from '../../../src/cli/clients/backup.ts';
import { type Client, clientIds, type HubTarget, type Scope, valueAt } from '../../../src/cli/clients/client.ts';
import { carryOut, planConnect } from '../../../src/cli/clients/connect.ts';
import { readDocument } from '../../../src/cli/clients/document.ts';
import { showDiff } from '../../../src/cli/clients/show-diff.ts';
import { clientNamed } from '../../../src/cli/clients/table.ts';
import { carryOutUndo, findBackup, planUndo } from '../../../src/cli/clients/undo.ts';
import { plainStyle } from '../../../src/cli/style.ts';
import { type Home, makeHome } from './samples.ts';

let at: Home;
beforeEach(async () => {
  at = await makeHome();
});
afterEach(() => at.remove());

const URL = 'http://localhost:37373/mcp';
const urlTarget: HubTarget = { kind: 'url', url: URL };
const commandTarget: HubTarget = { kind: 'command', command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] };

function client(id: string): Client {
  const found = clientNamed(id);
  if (!found) throw new Error(id);
  return found;
}

const targetFor = ({ spawnOnly }: Client): HubTarget => (spawnOnly ? commandTarget : urlTarget);

function fileOf(id: string, scope: Scope = 'user'): string {
  return (
    client(id)
      .places(at.machine)
      .find((place) => place.scope === scope)?.path ?? ''
  );
}

async function connect(id: string, { name = 'Hub', target = targetFor(client(id)), scope = 'user' as Scope } = {}) {
  const plan = await planConnect({ client: client(id), scope, name, target, machine: at.machine, ports: [] });
  if (plan.connectedAs === undefined) await carryOut(plan, at.stateDir);
  return plan;
}

async function undo(id: string, { name = 'Hub', target = fileOf(id) } = {}) {
  const backup = await loadBackup(at.stateDir, target, name);
  if (!backup) throw new Error(`no backup of ${target}`);
  const plan = await planUndo(client(id).format, backup);
  await carryOutUndo(plan, at.stateDir);
  return plan.kind;
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** The entry as each client spells it. */
const spellings: Readonly<Record<string, [keys: string[], url: unknown, command: unknown]>> = {
  'claude-desktop': [['mcpServers'], undefined, { command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  'claude-code': [
    ['mcpServers'],
    { type: 'http', url: URL },
    { type: 'stdio', command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] },
  ],
  cursor: [['mcpServers'], { url: URL }, { command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  vscode: [['servers'], { type: 'http', url: URL }, { type: 'stdio', command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  codex: [['mcp_servers'], { url: URL }, { command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  windsurf: [['mcpServers'], { serverUrl: URL }, { command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  zed: [['context_servers'], { url: URL }, { source: 'custom', command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
  opencode: [
    ['mcp'],
    { type: 'remote', url: URL, enabled: true },
    { type: 'local', command: ['mcp-hub', 'stdio', '--config', '/c.json'], enabled: true },
  ],
  gemini: [['mcpServers'], { httpUrl: URL }, { command: 'mcp-hub', args: ['stdio', '--config', '/c.json'] }],
};

const json = (key: string, entry: unknown, name = 'Hub') => `{
  // mine
  "z": [1, 2,   3],
  "${key}": {
    "other": { "command": "x" }, /* keep */
    "${name}": ${JSON.stringify(entry)},
  },
  'a': 0x10, // last
}
`;

/** Texts that may be in a client's file before, by what is special about them. */
function textsFor(id: string): Readonly<Record<string, string>> {
  const [keys = [], url, command] = spellings[id] ?? [];
  const old = JSON.parse(
    JSON.stringify(url ?? command)
      .replace('37373', '40123')
      .replace('/c.json', '/old.json'),
  );
  if (client(id).format === 'toml') {
    const comments =
      '# mine\nmodel = "x"   # odd\n\n[mcp_servers.other]\ncommand = "x"\n\n  # deep\n[tools]\na = [\n  "[not.a.table]",\n]\n';
    return {
      'empty file': '',
      comments,
      crlf: comments.replaceAll('\n', '\r\n'),
      bom: `\uFEFF${comments}`,
      'no newline at the end': comments.trimEnd(),
      'existing Hub': `[mcp_servers.Hub]\nurl = "http://localhost:40123/mcp" # goes with the entry\n[mcp_servers.Hub.http_headers]\na = "b"\n\n# next\n[x]\ny = 1\n`,
    };
  }
  const comments = json(keys[0] ?? '', { command: 'y' }, 'more');
  return {
    'empty file': '',
    'empty object': '{}',
    'empty map': `{"${keys[0]}": {}}`,
    'one line': `{"a":1,"${keys[0]}":{"b":{"command":"c"}}}`,
    comments,
    crlf: comments.replaceAll('\n', '\r\n'),
    bom: `\uFEFF${comments}`,
    tabs: comments.replaceAll('  ', '\t'),
    'no newline at the end': comments.trimEnd(),
    'existing Hub': json(keys[0] ?? '', old),
  };
}

const cases = clientIds.flatMap((id) => Object.entries(textsFor(id)).map(([what, text]) => [id, what, text] as const));

describe('connect and undo', () => {
  it.each(clientIds)('%s: a file that was not there is made, and removed with its folders', async (id) => {
    const path = fileOf(id);
    const { entryPath } = await connect(id);
    const values = readDocument({ file: path, format: client(id).format, text: await readFile(path, 'utf8') });
    const [keys, url, command] = spellings[id] ?? [];
    expect(entryPath).toEqual([...(keys ?? []), 'Hub']);
    expect(valueAt(values, entryPath)).toEqual(url ?? command);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await undo(id)).toBe('delete');
    expect(await readdir(at.home)).toEqual([]);
  });

  it.each(cases)('%s, %s: gives back the exact bytes, and the mode', async (id, _, text) => {
    const path = fileOf(id);
    await put(path, text);
    await chmod(path, 0o640);
    const before = readDocument({ file: path, format: client(id).format, text });
    const { entryPath, entry } = await connect(id);
    const connected = await readFile(path, 'utf8');
    const after = readDocument({ file: path, format: client(id).format, text: connected });
    expect(valueAt(after, entryPath)).toEqual(entry);
    const [keys = []] = spellings[id] ?? [];
    const { Hub: _old, ...others } = Object(valueAt(before, keys) ?? {});
    const { Hub: _new, ...kept } = Object(valueAt(after, keys));
    expect(kept).toEqual(others);
    expect({ ...after, [keys[0] ?? '']: undefined }).toEqual({ ...before, [keys[0] ?? '']: undefined });
    expect(text.includes('\r\n') && connected.replaceAll('\r\n', '').includes('\n')).toBe(false);
    expect(connected.startsWith('\uFEFF')).toBe(text.startsWith('\uFEFF'));
    for (const comment of text.match(/# next|# mine\r?\n|\/\/ mine|\/\* keep \*\/|\/\/ last|# deep/g) ?? [])
      expect(connected).toContain(comment);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await undo(id)).toBe('restore');
    expect(await readFile(path, 'utf8')).toBe(text);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it.each(clientIds)('%s: writes through a symbolic link, which stays', async (id) => {
    const [path, real] = [fileOf(id), join(at.home, 'dotfiles', 'settings')];
    const text = client(id).format === 'toml' ? '# mine\n' : '{ "a": 1 }\n';
    await put(real, text);
    await mkdir(dirname(path), { recursive: true });
    await symlink(real, path);
    await connect(id);
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(real, 'utf8')).toContain('Hub');
    await undo(id, { target: real });
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(real, 'utf8')).toBe(text);
  });

  it.each(clientIds)('%s: lets the client spawn the hub where that is asked for', async (id) => {
    const { entry } = await connect(id, { target: commandTarget });
    expect(entry).toEqual(spellings[id]?.[2]);
  });

  it.each(clientIds.filter((id) => !client(id).spawnOnly))('%s: writes a key into the entry, and shows it to nobody', async (id) => {
    const path = fileOf(id);
    const { format } = client(id);
    await put(path, format === 'toml' ? 'model = "x"\n' : '{ "a": 1 }\n');
    const { entry, shownEntry, entryPath, text } = await connect(id, { target: { ...urlTarget, key: new Secret('mcphub_k_s3cret') } });
    const headers = { Authorization: 'Bearer mcphub_k_s3cret' };
    const field = id === 'codex' ? 'http_headers' : 'headers';
    expect(entry).toEqual({ ...Object(spellings[id]?.[1]), [field]: headers });
    expect(valueAt(readDocument({ file: path, format, text: await readFile(path, 'utf8') }), entryPath)).toEqual(entry);
    expect(shownEntry).toMatchObject({ [field]: { Authorization: expect.stringContaining(REDACTED) } });
    expect(JSON.stringify(shownEntry)).not.toContain('s3cret');
    const documents = ['', text].map((one) => readDocument({ file: path, format, text: one }));
    const diff = await showDiff(path, '', text, documents, plainStyle);
    expect([diff.includes('uthorization'), diff.includes('s3cret')]).toEqual([true, false]);
    const again = await connect(id);
    expect([again.connectedAs, again.entry]).toEqual(['Hub', entry]);
    expect(JSON.stringify(again.shownEntry)).not.toContain('s3cret');
    const elsewhere = await connect(id, { target: { kind: 'url', url: 'http://localhost:4000/mcp' } });
    expect(JSON.stringify(elsewhere.entry)).not.toContain('s3cret');
    expect(await undo(id)).toBe('restore');
  });

  it('follows a link that leads nowhere yet', async () => {
    const real = join(at.home, 'dotfiles', 'mcp.json');
    await mkdir(join(at.home, '.cursor'));
    await symlink(real, fileOf('cursor'));
    await connect('cursor');
    expect(await readFile(real, 'utf8')).toContain('"Hub"');
    expect(await undo('cursor', { target: real })).toBe('delete');
    expect(await readdir(at.home)).toEqual(['.cursor']);
  });

  it('writes into the project where that is asked for, and says where a client has no such file', async () => {
    await connect('claude-code', { scope: 'project' });
    expect(JSON.parse(await readFile(join(at.project, '.mcp.json'), 'utf8'))).toEqual({ mcpServers: { Hub: { type: 'http', url: URL } } });
    await expect(connect('windsurf', { scope: 'project' })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('speaks the newer spelling of opencode where the file does', async () => {
    const path = fileOf('opencode');
    await put(path, '{ "mcp": { "servers": { "a": { "type": "local", "command": ["a"] } } } }');
    const { entryPath, entry } = await connect('opencode');
    expect([entryPath, entry]).toEqual([['mcp', 'servers', 'Hub'], { type: 'remote', url: URL }]);
  });

  it('sees that the client is connected already, under whatever name', async () => {
    await put(fileOf('cursor'), `{"mcpServers": {"mine": {"url": "${URL}"}}}`);
    expect((await connect('cursor')).connectedAs).toBe('mine');
    expect(await readdir(at.home)).toEqual(['.cursor']);
  });

  it('does not take the name of another server', async () => {
    await put(fileOf('cursor'), '{"mcpServers": {"Hub": {"command": "docker"}}}');
    await expect(connect('cursor')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });

  it('keeps the backup for the person alone', async () => {
    await put(fileOf('cursor'), '{"secret": "s3cr3t"}');
    await connect('cursor');
    expect((await stat(backupPath(at.stateDir, fileOf('cursor'), 'Hub'))).mode & 0o777).toBe(0o600);
    await undo('cursor');
    expect(await readdir(join(at.stateDir, 'connect'))).toEqual([]);
  });
});

describe('an undo after others have written', () => {
  it('takes only the entry out, with the objects that were made for it', async () => {
    const path = fileOf('cursor');
    await put(path, '{ "a": 1 }\n');
    await connect('cursor');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"a": 1', '"a": 2 /* theirs */'));
    expect(await undo('cursor')).toBe('edit');
    expect(await readFile(path, 'utf8')).toBe('{ "a": 2 /* theirs */ }\n');
  });

  it('keeps the servers that were added beside it', async () => {
    const path = fileOf('codex');
    await connect('codex');
    await writeFile(path, `${await readFile(path, 'utf8')}\n[mcp_servers.theirs]\ncommand = "x"\n`);
    expect(await undo('codex')).toBe('edit');
    expect(await readFile(path, 'utf8')).toBe('[mcp_servers.theirs]\ncommand = "x"\n');
  });

  it('puts back the entry that stood there before', async () => {
    const path = fileOf('cursor');
    await put(path, '{"mcpServers": {"Hub": {"url": "http://localhost:40123/mcp"}}}');
    await connect('cursor');
    await writeFile(path, (await readFile(path, 'utf8')).replace('{"mcpServers"', '{"theirs": 1, "mcpServers"'));
    expect(await undo('cursor')).toBe('edit');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ theirs: 1, mcpServers: { Hub: { url: 'http://localhost:40123/mcp' } } });
  });

  it('leaves an entry alone that somebody has changed', async () => {
    const path = fileOf('cursor');
    await connect('cursor');
    const theirs = (await readFile(path, 'utf8')).replace('37373', '5');
    await writeFile(path, theirs);
    await expect(undo('cursor')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(path, 'utf8')).toBe(theirs);
  });

  it('has nothing to do where the entry or the file is gone', async () => {
    const path = fileOf('cursor');
    await put(path, '{ "a": 1 }\n');
    await connect('cursor');
    await writeFile(path, '{ "a": 3 }\n');
    expect(await undo('cursor')).toBe('nothing');
    expect(await readFile(path, 'utf8')).toBe('{ "a": 3 }\n');
  });

  it('is found by whichever of the files it is of', async () => {
    const [first = '', second = ''] = client('opencode')
      .places(at.machine)
      .map(({ path }) => path);
    await put(second, '{}');
    await connect('opencode');
    await put(first, '{}');
    const backup = await findBackup(client('opencode'), 'user', 'Hub', at);
    expect(backup?.path).toBe(second);
  });

  it('goes back to what a second connect found, where others wrote before it', async () => {
    const path = fileOf('cursor');
    const second: HubTarget = { kind: 'url', url: 'http://localhost:40000/mcp' };
    await put(path, '{ "a": 1 }\n');
    await connect('cursor');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"a": 1', '"a": 2'));
    await connect('cursor', { target: second });
    await undo('cursor');
    expect(await readFile(path, 'utf8')).toBe('{ "a": 2 }\n');
    await connect('cursor');
    const theirs = (await readFile(path, 'utf8')).replace('37373', '5');
    await writeFile(path, theirs);
    await connect('cursor', { target: second });
    await undo('cursor');
    expect(await readFile(path, 'utf8')).toBe(theirs);
  });

  it('goes back behind two connects in a row', async () => {
    const path = fileOf('gemini');
    await put(path, '{\n\t"ui": {}\n}');
    await connect('gemini');
    await connect('gemini', { target: { kind: 'url', url: 'http://localhost:40000/mcp' } });
    expect(await undo('gemini')).toBe('restore');
    expect(await readFile(path, 'utf8')).toBe('{\n\t"ui": {}\n}');
  });

  it('refuses to write over what another program wrote in the same moment', async () => {
    const path = fileOf('cursor');
    await put(path, '{}');
    const plan = await planConnect({
      client: client('cursor'),
      scope: 'user',
      name: 'Hub',
      target: urlTarget,
      machine: at.machine,
      ports: [],
    });
    await writeFile(path, '{"theirs": 1}');
    await expect(carryOut(plan, at.stateDir)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(path, 'utf8')).toBe('{"theirs": 1}');
    expect(await loadBackup(at.stateDir, path, 'Hub')).toBeUndefined();
  });
});

describe('a file that cannot be changed', () => {
  it.each([
    ['cursor', '{ "mcpServers": [] }', 'CONFLICT'],
    ['cursor', '[]', 'CONFIG_ERROR'],
    ['cursor', '{ "a": ', 'CONFIG_ERROR'],
    ['codex', 'mcp_servers = { a = { command = "x" } }\n', 'CONFLICT'],
    ['codex', '[mcp_servers]\na = 1\nHub = { url = "http://localhost:40123/mcp" }\n', 'CONFLICT'],
  ])('%s: %s is refused and stays as it is', async (id, text, code) => {
    await put(fileOf(id), text);
    await expect(connect(id)).rejects.toMatchObject({ code });
    expect(await readFile(fileOf(id), 'utf8')).toBe(text);
  });

  it('is not touched when it is not UTF-8', async () => {
    await put(fileOf('cursor'), '');
    await writeFile(fileOf('cursor'), Buffer.from('{"a": "\xff"}', 'latin1'));
    await expect(connect('cursor')).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
});
