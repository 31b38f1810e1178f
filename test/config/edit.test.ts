import { describe, expect, it } from 'vitest';
import { ExactNumber } from '../../src/base/index.ts';
import { editServers } from '../../src/config/edit.ts';

const file = '{\n  "servers": {\n    "a": { "command": "x", "env": { "K": "1", "L": "2" } } // kept\n  }\n}\n';

describe('editing the servers of a config file', () => {
  it('makes a new file', () => {
    const text = editServers('f', '', [{ kind: 'set', name: 'a', entry: { url: 'http://localhost/' } }]);
    expect(text).toBe('{\n  "mcpServers": {\n    "a": {\n      "url": "http://localhost/"\n    }\n  }\n}\n');
  });

  it('uses the key under which the servers stand, and makes several changes at once', () => {
    const text = editServers('f', file, [
      { kind: 'set', name: 'b', entry: { command: 'y' } },
      { kind: 'remove', name: 'a' },
    ]);
    expect(text).toBe('{\n  "servers": {\n    "b": {\n      "command": "y"\n    }\n  }\n}\n');
  });

  it.each([
    [{ disabled: true }, file.replace('} }', '} , "disabled": true }').replace('} ,', '},')],
    [{ env: { K: null, M: '3' } }, file.replace('"K": "1", "L": "2"', '"L": "2", "M": "3"')],
    [{ command: null }, file.replace('"command": "x", ', '')],
    [{ headers: { A: 'b', C: null } }, file.replace('} }', '}, "headers": { "A": "b" } }')],
    [{ disabled: null }, file],
    [{ env: { K: new ExactNumber('1763806000123456789') } }, file.replace('"K": "1"', '"K": 1763806000123456789')],
    [{ args: [new ExactNumber('9007199254740993')] }, file.replace('} }', '}, "args": [9007199254740993] }')],
  ])('patches %j (RFC 7396)', (patch, expected) => {
    expect(editServers('f', file, [{ kind: 'patch', name: 'a', patch }])).toBe(expected);
  });

  it.each(['false', '"x"', '[1]', 'null'])('patches %s, which is no entry, as though nothing stood there (RFC 7396)', (value) => {
    const broken = `{ "mcpServers": { "a": ${value} } }`;
    const text = editServers('f', broken, [{ kind: 'patch', name: 'a', patch: { command: 'x', env: { K: '1', L: null }, cwd: null } }]);
    expect(JSON.parse(text)).toEqual({ mcpServers: { a: { command: 'x', env: { K: '1' } } } });
  });

  it('writes into the map that counts', () => {
    const both = '{ "mcpServers": { "a": { "command": "x" } }, "servers": { "b": {} } }';
    const text = editServers('f', both, [{ kind: 'set', name: 'c', entry: { command: 'y' } }]);
    expect(JSON.parse(text)).toEqual({ mcpServers: { a: { command: 'x' } }, servers: { b: {}, c: { command: 'y' } } });
    expect(() => editServers('f', both, [{ kind: 'remove', name: 'a' }])).toThrow('Server "a" does not stand in f.');
    const old = both.replace('{ "b": {} }', 'null');
    const now = editServers('f', old, [{ kind: 'remove', name: 'a' }]);
    expect(JSON.parse(now)).toEqual({ mcpServers: {}, servers: null });
  });

  it.each(['null', '[]'])('makes an object of %s, which stands for an empty one', (value) => {
    const text = editServers('f', `{ "mcpServers": ${value} }`, [{ kind: 'set', name: 'a', entry: { command: 'x' } }]);
    expect(JSON.parse(text)).toEqual({ mcpServers: { a: { command: 'x' } } });
  });

  it.each([
    ['patch', { kind: 'patch', name: 'c', patch: {} }],
    ['remove', { kind: 'remove', name: 'c' }],
  ] as const)('refuses to %s a server that does not stand in the file', (_, edit) => {
    expect(() => editServers('my.json', file, [edit])).toThrow('Server "c" does not stand in my.json.');
  });

  it.each([
    ['{ "servers": [', 'my.json:1:14: The "[" that opens here is never closed.'],
    ['[]', 'my.json:1:1: Must be an object.'],
    ['{\n"servers": 1 }', 'my.json:2:12: "servers" must be an object.'],
  ])('says where a file is broken: %s', (text, where) => {
    const edit = (): string => editServers('my.json', text, [{ kind: 'set', name: 'a', entry: {} }]);
    expect(edit).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR', message: expect.stringContaining(where) }));
  });
});
