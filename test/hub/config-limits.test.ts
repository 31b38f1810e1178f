import { afterEach, describe, expect, it } from 'vitest';
import { fixture } from '../support/in-process-hub.ts';
import { type ManagedHub, manageHub } from '../support/managed-hub.ts';

let hub: ManagedHub | undefined;
afterEach(() => hub?.stop());

const deep = (levels: number): object => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
const echo = { ...fixture('echo.mjs'), disabled: true };

describe('an edit of the config', () => {
  it.each<[string, object]>([
    ['nested deeper than a file may be', { custom_instructions: deep(120), name: 'x' }],
    ['of more text than an entry ever has', { custom_instructions: { text: 'x'.repeat(300_000) } }],
    ['of more keys than an entry ever has', { env: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`V${at}`, 'x'])) }],
  ])('%s is refused at once', async (_, patch) => {
    hub = await manageHub({ 'c.json': { mcpServers: { a: echo } } });
    const before = await hub.read();
    const { config } = hub.management;
    for (const work of [() => config.change('a', patch, {}), () => config.add('b', { ...echo, ...patch }, {})]) {
      const startedMs = performance.now();
      await expect(work()).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    }
    expect(await hub.read()).toBe(before);
  });

  it('takes names that mean something to JavaScript for names', async () => {
    hub = await manageHub({ 'c.json': { mcpServers: { a: echo } } });
    const { config } = hub.management;
    const patch = JSON.parse('{"env": {"__proto__": "x", "constructor": {"prototype": "y"}}}') as object;
    await expect(config.change('a', patch, {})).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    await config.change(
      'a',
      JSON.parse('{"env": {"__proto__": "polluted"}, "custom_instructions": {"__proto__": {"polluted": true}}}') as object,
      {},
    );
    const name = '__proto__';
    await config.add(name, echo, {}).catch(() => undefined);
    await config.add('constructor', echo, {});
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(await hub.read()).toContain('"__proto__": "polluted"');
    expect(hub.management.servers.get('constructor')).toMatchObject({ name: 'constructor', status: 'disabled' });
    await config.remove('constructor', {});
  });

  it.each(['a\nb', 'a\u001b[31mb', '\u0000', 'a\u2028b'])('takes no name with control characters: %j', async (name) => {
    hub = await manageHub({ 'c.json': { mcpServers: { a: echo } } });
    await expect(hub.management.config.add(name, echo, {})).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});
