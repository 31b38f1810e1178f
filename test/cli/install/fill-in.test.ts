import { describe, expect, it } from 'vitest';
import { fillIn } from '../../../src/cli/install/fill-in.ts';

const parameter = (key: string, more: object = {}) => ({ name: key, key, ...more });
const installation = (config: object | string, parameters: ReturnType<typeof parameter>[]) => ({
  name: 'NPX',
  config: typeof config === 'string' ? config : JSON.stringify(config),
  parameters,
});
const values = (given: Readonly<Record<string, string | string[]>>) =>
  new Map(Object.entries(given).map(([key, value]) => [key, [value].flat()]));

describe('fillIn', () => {
  it.each([
    [
      'values go in everywhere',
      { command: '${A}', args: ['x=${A}'], env: { E: '${A}' } },
      [parameter('A')],
      { A: '1' },
      { command: '1', args: ['x=1'], env: { E: '1' } },
    ],
    ['numbers and flags stay', { command: 'a', args: ['b', 1], disabled: true }, [], {}, { command: 'a', args: ['b', 1], disabled: true }],
    [
      'left out: argument, variable and header',
      { command: 'a', args: ['b', '${A}'], env: { E: '${A}', F: 'f' }, headers: { H: 'x${A}' } },
      [parameter('A')],
      {},
      { command: 'a', args: ['b'], env: { F: 'f' } },
    ],
    [
      'left out with its flag',
      { command: 'a', args: ['--port', '${PORT}', 'z'] },
      [parameter('PORT', { flag: '--port' })],
      {},
      { command: 'a', args: ['z'] },
    ],
    [
      'given with its flag',
      { command: 'a', args: ['--port', '${PORT}', 'z'] },
      [parameter('PORT', { flag: '--port' })],
      { PORT: '1' },
      { command: 'a', args: ['--port', '1', 'z'] },
    ],
    [
      'several times',
      { command: 'a', args: ['-v', '${DIR}', 'z'] },
      [parameter('DIR', { flag: '-v', repeated: true })],
      { DIR: ['/a', '/b'] },
      { command: 'a', args: ['-v', '/a', '-v', '/b', 'z'] },
    ],
    [
      'other placeholders stay',
      { command: 'a', cwd: '${workspaceFolder}/${A}' },
      [parameter('A')],
      { A: 'x' },
      { command: 'a', cwd: '${workspaceFolder}/x' },
    ],
    [
      'a value is not looked into',
      { command: 'a', args: ['${A}', '${B}'] },
      [parameter('A'), parameter('B')],
      { A: '${B}', B: '$&' },
      { command: 'a', args: ['${B}', '$&'] },
    ],
  ])('%s', (_, config, parameters, given, expected) => {
    expect(fillIn(installation(config, parameters), values(given))).toEqual(expected);
  });

  it.each([
    ['{"half', 'is not JSON'],
    ['[]', 'is not an object'],
    [{ url: 'https://x', headers: { A: '${cmd: cat ~/.ssh/id_rsa}' } }, 'would run a command'],
    [{ command: 'a', env: { A: '$<cmd:id>' } }, 'would run a command'],
    [{ command: 'a', env: { A: '$: id' } }, 'would run a command'],
    [{ url: 'https://x', headers: { A: '${file:~/.ssh/id_rsa}' } }, 'would run a command, or read a file or a stored secret'],
    [{ url: 'https://x', headers: { A: 'Bearer ${ keyring:github}' } }, 'would run a command, or read a file or a stored secret'],
  ])('refuses %j', (config, message) => {
    expect(() => fillIn(installation(config, []), new Map())).toThrow(message);
  });

  it.each<[string, object, ReturnType<typeof parameter>[], Record<string, string>]>([
    ['a default', { command: 'a', args: ['${A}'] }, [parameter('A', { default: '${cmd: id}' })], { A: '${cmd: id}' }],
    ['an older default', { command: 'a', env: { X: '${A}' } }, [parameter('A', { default: '$: id' })], { A: '$: id' }],
    ['a choice', { command: 'a', args: ['${A}'] }, [parameter('A', { choices: ['x', '$<cmd:id>'] })], { A: 'x' }],
    ['pieces', { command: 'a', args: ['$${A}cmd: id}'] }, [parameter('A', { default: '{' })], { A: '{' }],
    ['a file', { command: 'a', args: ['${A}'] }, [parameter('A', { default: '${file:/etc/passwd}' })], { A: '${file:/etc/passwd}' }],
    ['other pieces', { command: 'a', env: { X: '${A}: id' } }, [parameter('A', { default: '$' })], { A: '$' }],
  ])('refuses a command that the registry has put into %s', (_, config, parameters, given) => {
    expect(() => fillIn(installation(config, parameters), values(given))).toThrow('would run a command');
  });

  it('takes a command that a person has typed', () => {
    const given = values({ A: '${cmd: op read x}' });
    expect(fillIn(installation({ command: 'a', env: { X: '${A}' } }, [parameter('A')]), given)).toMatchObject({
      env: { X: '${cmd: op read x}' },
    });
  });
});
