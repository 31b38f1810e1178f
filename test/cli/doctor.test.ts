import { describe, expect, it } from 'vitest';
import { nodeFinding, proxyFinding } from '../../src/cli/doctor/machine-findings.ts';
import { placeField } from '../../src/cli/field-place.ts';

describe('nodeFinding', () => {
  it.each([
    ['18.20.0', 'fail'],
    ['20.18.9', 'fail'],
    ['20.19.0', 'ok'],
    ['22.0.0', 'ok'],
  ])('%s: %s', (version, level) => expect(nodeFinding(version).level).toBe(level));
});

describe('proxyFinding', () => {
  it.each([
    [{}, 'ok'],
    [{ HTTP_PROXY: 'http://p' }, 'warn'],
    [{ https_proxy: 'http://p', no_proxy: 'localhost' }, 'warn'],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: 'example.com, localhost,127.0.0.1:80' }, 'ok'],
    [{ HTTP_PROXY: 'http://p', NO_PROXY: '*' }, 'ok'],
  ])('%j: %s', (env, level) => expect(proxyFinding(env).level).toBe(level));

  it('tells no password', () => {
    expect(JSON.stringify(proxyFinding({ HTTP_PROXY: 'http://me:s3cr3t@p' }))).not.toContain('s3cr3t');
  });
});

describe('placeField', () => {
  const text = '{\n  "servers": {\n    "a": {\n      "args": ["x",\n        "y"],\n      "env": { "A.B": "z" }\n    }\n  }\n}';
  it.each([
    ['args[1]', 5, 9, 'servers.a.args[1]'],
    ['env.A.B', 6, 23, 'servers.a.env.A.B'],
    ['url', 3, 10, 'servers.a.url'],
    ['', 3, 10, 'servers.a'],
  ])('%s', (field, line, column, keyPath) => {
    expect(placeField({ file: 'f', text, serverId: 'a', field, message: 'm' })).toMatchObject({ line, column, keyPath });
  });

  it('points at the beginning where the text does not have the server, or is broken', () => {
    for (const other of [text.replace('"a"', '"b"'), '{']) {
      expect(placeField({ file: 'f', text: other, serverId: 'a', field: 'url', message: 'm' })).toMatchObject({ line: 1, column: 1 });
    }
  });
});
