import { describe, expect, it } from 'vitest';
import { Placeholders, readHubEnvironment } from '../../src/config/index.ts';
import { parseTemplate, unclosedPlaceholder } from '../../src/config/placeholder-syntax.ts';

const PATH = process.env['PATH'];

function placeholders(
  serverEnv: Record<string, string | null> = {},
  processEnv: Record<string, string> = {},
  more: { timeoutMs?: number; signal?: AbortSignal } = {},
): Placeholders {
  const env = { PATH, HOME: '/home/me', ...processEnv };
  const { timeoutMs: commandTimeoutMs = 10_000, signal = new AbortController().signal } = more;
  return new Placeholders(
    { serverId: 'srv', env, hubEnv: readHubEnvironment(env), cwd: process.cwd(), signal, commandTimeoutMs },
    serverEnv,
  );
}

const world = {
  A: 'a-value',
  EMPTY: '',
  NAME: 'A',
  MCP_HUB_ENV: '{"input:id":"answer","H":"hub","SHARED":"from-hub"}',
  SHARED: 'from-process',
};

describe('a string', () => {
  it.each([
    ['${A}', 'a-value'],
    ['${env:A}', 'a-value'],
    ['$<env:A>', 'a-value'],
    ['x ${A} y ${A}', 'x a-value y a-value'],
    ['${input:id}', 'answer'],
    ['$<input:id>', 'answer'],
    ['${H}', 'hub'],
    ['${SHARED}', 'from-hub'],
    ['${env:${NAME}}', 'a-value'],
    ['${${NAME}}', 'a-value'],
    ['${NONE:-plain}', 'plain'],
    ['${EMPTY:-plain}', 'plain'],
    ['${A:-plain}', 'a-value'],
    ['${NONE:-${NOR:-${A}}}', 'a-value'],
    ['${A:-${NONE}}', 'a-value'],
    ['${NONE:-}', ''],
    ['${NONE:-https://x.org}/mcp', 'https://x.org/mcp'],
    ['${EMPTY}', ''],
    ['${workspaceFolder}', process.cwd()],
    ['${cwd}', process.cwd()],
    ['${userHome}${/}x${pathSeparator}', '/home/me/x/'],
    ['${cmd: echo hi }', 'hi'],
    ['$<cmd: echo hi>', 'hi'],
    ["${cmd: echo 'a b' | awk '{print $2}'}", 'b'],
    ['${cmd: echo ${A}-$<env:H>}', 'a-value-hub'],
    ['cost: $5, $A, ${} and ${A', 'cost: $5, $A, ${} and ${A'],
    ['$<other:A> $$ $', '$<other:A> $$ $'],
  ])('%s becomes %s', async (source, expected) => {
    expect(await placeholders({}, world).text(source, 'f')).toBe(expected);
  });

  it('takes values as they are: what looks like a placeholder in them is none', async () => {
    const p = placeholders({}, { X: '${A}', KIND: 'cmd: echo evil', A: 'a' });
    expect(await p.text('${X}', 'f')).toBe('${A}');
    await expect(p.text('${${KIND}}', 'f')).rejects.toMatchObject({ code: 'PLACEHOLDER_ERROR' });
  });

  it.each([
    ['${NOPE}', '${NOPE} in url cannot be resolved'],
    ['a ${env:workspaceFolder}', '${env:workspaceFolder} in url cannot be resolved'],
    ['${env:${NOPE}}', '${NOPE} in url'],
    ['${input:other}', '${input:other} in url has no answer. Set MCP_HUB_ENV to a JSON object with the key "input:other"'],
    ['${config:x.y}', 'does not know placeholders of this kind'],
    ['${cmd: exit 3}', '${cmd: exit 3} in url failed: the command ended with exit code 3'],
    ['${cmd: }', '${cmd: } in url names no command'],
    ['${'.repeat(11) + 'A' + '}'.repeat(11), 'url has placeholders nested more than 10 deep'],
  ])('%s is an error that names it, the field and the server', async (source, expected) => {
    const failure = placeholders({}, world).text(source, 'url');
    await expect(failure).rejects.toMatchObject({ code: 'PLACEHOLDER_ERROR', details: { server: 'srv', field: 'url' } });
    await expect(failure).rejects.toThrow(expected);
    await expect(failure).rejects.toThrow(/^Server "srv": /);
  });

  it('may be nested ten deep', async () => {
    const deep = `${'${X:-'.repeat(10)}end${'}'.repeat(10)}`;
    expect(await placeholders().text(deep, 'f')).toBe('end');
  });

  it('may be, as an argument, exactly $VAR', async () => {
    const p = placeholders({}, world);
    expect(await p.argument('$A', 'args[0]')).toBe('a-value');
    expect(await p.argument('-$A', 'args[0]')).toBe('-$A');
    await expect(p.argument('$NOPE', 'args[0]')).rejects.toThrow('$NOPE in args[0] cannot be resolved');
  });
});

describe('env', () => {
  it('may refer to itself in any order', async () => {
    const env = {
      API_TOKEN: '${cmd: echo token}',
      DB_URL: 'postgresql://user:${DB_PASSWORD}@localhost/myapp',
      DB_PASSWORD: '${cmd: echo pass}',
      FALLBACK_VAR: null,
      EMPTY: '',
    };
    const p = placeholders(env, { FALLBACK_VAR: 'fallback', EMPTY: 'not empty', API_TOKEN: 'outer' });
    expect(await p.env()).toEqual({
      API_TOKEN: 'token',
      DB_PASSWORD: 'pass',
      DB_URL: 'postgresql://user:pass@localhost/myapp',
      FALLBACK_VAR: 'fallback',
      EMPTY: 'not empty',
    });
    expect(await p.text('${API_TOKEN} ${DB_URL}', 'args[0]')).toBe('token postgresql://user:pass@localhost/myapp');
    expect([...p.values]).toEqual(expect.arrayContaining(['token', 'pass', 'fallback']));
  });

  it('means the variable outside when a value refers to its own key', async () => {
    const p = placeholders({ LIST: '/opt:${LIST}', OTHER: '${LIST}' }, { LIST: '/bin' });
    expect(await p.env()).toEqual({ LIST: '/opt:/bin', OTHER: '/opt:/bin' });
    await expect(placeholders({ SELF: '${SELF}' }).env()).rejects.toThrow('${SELF} in env.SELF cannot be resolved');
  });

  it('must not go round in a circle', async () => {
    const failure = placeholders({ A: '${B}', B: 'x${C}', C: '${A}' }).env();
    await expect(failure).rejects.toThrow('${A} in env.C goes round in a circle: env.A → env.B → env.C → env.A.');
  });

  it('needs a value outside for null and ""', async () => {
    await expect(placeholders({ MISSING: null }).env()).rejects.toThrow('env.MISSING is empty in the config, and the environment has no');
  });

  it('may hold a command in the old spelling', async () => {
    expect(await placeholders({ T: '$: echo ${A}' }, { A: 'old' }).env()).toEqual({ T: 'old' });
  });
});

describe('a command', () => {
  it('runs once per launch, and its output is in no message', async () => {
    const p = placeholders({ A: '${cmd: date +%N; echo $$}', B: '${cmd: date +%N; echo $$}' });
    const env = await p.env();
    expect(env['A']).toBe(env['B']);
    const failure = String(await placeholders().text('${cmd: printf hun; printf ter2; echo hun""ter2 >&2; exit 1}', 'f').catch(String));
    expect(failure).toContain('exit code 1');
    expect(failure).not.toContain('hunter2');
  });

  it('is ended with all its children when it takes too long, prints too much, or the launch is given up', async () => {
    const late = placeholders({}, {}, { timeoutMs: 200 }).text('${cmd: sleep 60 & sleep 60}', 'f');
    await expect(late).rejects.toThrow('failed: the command did not end within 0.2 s');
    await expect(placeholders().text('${cmd: yes}', 'f')).rejects.toThrow('prints more than 1 MiB');
    const controller = new AbortController();
    const stopped = placeholders({}, {}, { signal: controller.signal }).text('${cmd: sleep 60}', 'f');
    controller.abort(new Error('given up'));
    await expect(stopped).rejects.toThrow('given up');
    await expect(placeholders({}, world, { signal: controller.signal }).text('${A}', 'f')).rejects.toThrow('given up');
  });
});

describe('the syntax', () => {
  it('balances braces, and knows what is never closed', () => {
    expect(parseTemplate('a${X:-{"b":1}}c')).toEqual(['a', { raw: '${X:-{"b":1}}', body: ['X:-{"b":1}'] }, 'c']);
    expect(['${A', '${A} ${B', '${A${B}'].map(unclosedPlaceholder)).toEqual([true, true, true]);
    expect(['', '$A', '${A}', '${A${B}}', '${}'].map(unclosedPlaceholder)).toEqual([false, false, false, false, false]);
  });
});
