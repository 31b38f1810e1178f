import { describe, expect, it } from 'vitest';
import { parseJson5 } from '../../src/config/index.ts';
import { readServerEntry } from '../../src/config/server-entry.ts';

function read(entry: object) {
  const text = JSON.stringify({ command: 'x', ...entry });
  return readServerEntry({ file: 'c.json', text }, 's', 0, parseJson5(text), 'mcpServers.s', '/');
}

describe('the limits of a server', () => {
  it('are absent where nothing is set', () => {
    const { definition } = read({});
    for (const key of ['queue', 'totalTimeoutMs', 'toolTimeouts', 'maxMessageBytes']) expect(definition).not.toHaveProperty(key);
  });

  it('are read, a queue with its defaults', () => {
    const { definition, diagnostics } = read({
      maxConcurrency: 2,
      totalTimeout: 5,
      maxMessageSize: 4096,
      toolTimeouts: { a: { requestTimeout: 1, totalTimeout: 2 }, b: { totalTimeout: 3 } },
    });
    expect(diagnostics).toEqual([]);
    expect(definition).toMatchObject({
      queue: { maxConcurrency: 2, maxQueue: 100, queueTimeoutMs: 60_000 },
      totalTimeoutMs: 5,
      maxMessageBytes: 4096,
      toolTimeouts: { a: { requestTimeoutMs: 1, totalTimeoutMs: 2 }, b: { totalTimeoutMs: 3 } },
    });
    expect(read({ maxConcurrency: 2, maxQueue: 0, queueTimeout: 7 }).definition.queue).toEqual({
      maxConcurrency: 2,
      maxQueue: 0,
      queueTimeoutMs: 7,
    });
  });

  it.each([
    [{ maxConcurrency: 0 }, 'maxConcurrency'],
    [{ maxConcurrency: 1, maxQueue: -1 }, 'maxQueue'],
    [{ maxMessageSize: 10 }, 'maxMessageSize'],
    [{ maxConnections: '2' }, 'maxConnections'],
  ])('are checked: %j', (entry, field) => {
    const { definition } = read(entry);
    expect(definition.kind).toBe('invalid');
    expect(definition.errors.map(({ keyPath }) => keyPath)).toEqual([`mcpServers.s.${field}`]);
  });

  it.each([
    [{ maxConcurrency: 1, queueTimeout: '5s' }, 'queueTimeout', { queue: { queueTimeoutMs: 60_000 } }],
    [{ totalTimeout: 0.5 }, 'totalTimeout', {}],
    [{ initTimeout: 0 }, 'initTimeout', { initTimeoutMs: 300_000 }],
    [
      { toolTimeouts: { a: { requestTimeout: 'long', totalTimeout: 5 } } },
      'toolTimeouts.a.requestTimeout',
      { toolTimeouts: { a: { totalTimeoutMs: 5 } } },
    ],
    [{ toolTimeouts: { a: 5 } }, 'toolTimeouts.a', {}],
  ])('that are times count as absent when they are wrong, with a warning: %j', (entry, field, expected) => {
    const { definition, diagnostics } = read(entry);
    expect(definition).toMatchObject({ kind: 'stdio', errors: [], ...expected });
    expect(definition).not.toHaveProperty('totalTimeoutMs');
    expect(diagnostics).toMatchObject([{ severity: 'warning', keyPath: `mcpServers.s.${field}`, hint: expect.stringMatching(/./) }]);
    expect(diagnostics[0]?.message).toMatch(/it counts as absent$/);
  });

  it('of a queue that nothing waits in are a warning', () => {
    const { definition, diagnostics } = read({ maxQueue: 5, queueTimeout: 5 });
    expect(definition.kind).toBe('stdio');
    expect(diagnostics.map(({ severity, keyPath, hint }) => [severity, keyPath, hint])).toEqual([
      ['warning', 'mcpServers.s.maxQueue', 'Set "maxConcurrency", or remove it'],
      ['warning', 'mcpServers.s.queueTimeout', 'Set "maxConcurrency", or remove it'],
    ]);
  });

  it.each([
    ['maxConcurrent', 'maxConcurrency'],
    ['maxTotalTimeout', 'totalTimeout'],
    ['maxMessageBytes', 'maxMessageSize'],
  ])('go by other names elsewhere: %s', (key, name) => {
    expect(read({ [key]: 2048 }).diagnostics.map(({ hint }) => hint)).toEqual([`Did you mean "${name}"?`]);
  });
});
