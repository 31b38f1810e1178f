import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, ExactNumber, jsonText, type LogRecord } from '../../../src/base/index.ts';
import type { RemoteDefinition, StdioDefinition } from '../../../src/config/index.ts';
import { definitionHash } from '../../../src/upstream/offers/definition-hash.ts';
import { OfferFiles, type OfferFilesOptions } from '../../../src/upstream/offers/offer-files.ts';
import { definitionOf, listing, tool } from '../../support/fake-upstream.ts';

let folder = '';
let records: LogRecord[] = [];

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'mcp-hub-offers-')), 'cache', 'offers');
  records = [];
});

afterEach(async () => {
  await rm(join(folder, '..', '..'), { recursive: true, force: true });
});

const files = (more: Partial<OfferFilesOptions> = {}): OfferFiles =>
  new OfferFiles({ folder, logger: createLogger([(record) => records.push(record)]), ...more });
const a = definitionOf('a', { env: { TOKEN: 'hunter2' } });
const offer = listing({
  tools: [tool('x', { title: 'X' })],
  prompts: [{ name: 'p' }],
  resources: [{ uri: 'x://1', name: '1' }],
  resourceTemplates: [{ uriTemplate: 'x://{id}', name: 't' }],
  instructions: 'Be kind.',
});

describe('an offer', () => {
  it('is read by the next hub as it was, from a file that holds no secret', async () => {
    const store = files();
    expect(store.recall(a)).toBeUndefined();
    store.remember(a, offer);
    expect(store.recall(a)).toBe(offer);
    await store.settled();
    expect(files().recall(a)).toEqual(offer);
    const [name = ''] = await readdir(folder);
    expect(name).toBe(`${definitionHash(a)}.json`);
    expect(name + (await readFile(join(folder, name), 'utf8'))).not.toContain('hunter2');
  });

  it('keeps the digits of numbers that JavaScript would change', async () => {
    const store = files();
    store.remember(a, listing({ tools: [tool('x', { _meta: { n: new ExactNumber('9223372036854775807') } })] }));
    await store.settled();
    expect(jsonText(files().recall(a)?.items.tools)).toContain('"n":9223372036854775807');
  });

  it('is known to be fit by the rules that found it so, and by no others', async () => {
    const fitness = { rules: '1', isFit: ({ items }: typeof offer) => items.tools.length === 1 };
    const b = definitionOf('b');
    const store = files({ fitness });
    store.remember(a, offer);
    store.remember(b, listing({ tools: [tool('x'), tool('y')] }));
    await store.settled();
    expect(files({ fitness }).recall(a)).toEqual({ ...offer, isFit: true });
    expect(files({ fitness }).recall(b)).not.toHaveProperty('isFit');
    expect(files({ fitness: { ...fitness, rules: '2' } }).recall(a)).toEqual(offer);
  });

  it.skipIf(process.platform === 'win32')("is nobody else's to read", async () => {
    const store = files();
    store.remember(a, offer);
    await store.settled();
    expect((await stat(join(folder, `${definitionHash(a)}.json`))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it('is the newest one of many', async () => {
    const store = files();
    for (let n = 0; n < 20; n += 1) store.remember(a, listing({ tools: [tool(`x${n}`)] }));
    await store.settled();
    expect(files().recall(a)?.items.tools).toEqual([tool('x19')]);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is not kept when it is too large, and neither is the smaller one before', async () => {
    const store = files({ maxBytes: 2_000 });
    store.remember(a, offer);
    await store.settled();
    store.remember(a, listing({ tools: [tool('x', { description: 'x'.repeat(2_000) })] }));
    await store.settled();
    expect(await readdir(folder)).toEqual([]);
  });

  it('makes room for newer ones', async () => {
    const store = files({ maxFiles: 3 });
    for (const [n, command] of ['one', 'two', 'three'].entries()) {
      store.remember(definitionOf('a', { command }), offer);
      await store.settled();
      await utimes(join(folder, `${definitionHash(definitionOf('a', { command }))}.json`), n, n);
    }
    await writeFile(join(folder, 'other.txt'), 'mine');
    store.remember(definitionOf('a', { command: 'four' }), offer);
    await store.settled();
    const known = ['one', 'two', 'three', 'four'].filter((command) => files().recall(definitionOf('a', { command })));
    expect(known).toEqual(['two', 'three', 'four']);
    expect(await readdir(folder)).toContain('other.txt');
  });
});

describe('a file that is no good', () => {
  it.each([
    ['empty', ''],
    ['cut off', '{"version":1,"listing":{"identity":'],
    ['no object', '[1]'],
    ['of another version', JSON.stringify({ version: 2, listing: offer })],
    ['without an identity', JSON.stringify({ version: 1, listing: { items: offer.items } })],
    ['of an unknown era', JSON.stringify({ version: 1, listing: { ...offer, identity: { ...offer.identity, era: 'x' } } })],
    [
      'with instructions that are no text',
      JSON.stringify({ version: 1, listing: { ...offer, identity: { ...offer.identity, instructions: 1 } } }),
    ],
    ['without a list', JSON.stringify({ version: 1, listing: { ...offer, items: { tools: [] } } })],
    ['with items that are no objects', JSON.stringify({ version: 1, listing: { ...offer, items: { ...offer.items, tools: ['x'] } } })],
  ])('is ignored: %s', async (_, text) => {
    const store = files();
    store.remember(a, offer);
    await store.settled();
    await writeFile(join(folder, `${definitionHash(a)}.json`), text);
    expect(files().recall(a)).toBeUndefined();
    const next = files();
    next.remember(a, offer);
    await next.settled();
    expect(files().recall(a)).toEqual(offer);
  });

  it('cannot be written: nobody is disturbed, and one warning says so', async () => {
    await writeFile(join(folder, '..', '..', 'cache'), 'a file where the folder should be');
    const store = files();
    store.remember(a, offer);
    store.remember(definitionOf('b', { command: 'other' }), offer);
    await store.settled();
    expect(store.recall(a)).toBeUndefined();
    expect(records.filter(({ message }) => message.includes('cannot be remembered'))).toHaveLength(1);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('cannot be read', async () => {
    const store = files();
    store.remember(a, offer);
    await store.settled();
    await chmod(join(folder, `${definitionHash(a)}.json`), 0);
    expect(files().recall(a)).toBeUndefined();
  });
});

describe('the hash of a definition', () => {
  const remote: RemoteDefinition = {
    ...definitionOf('r'),
    kind: 'remote',
    url: 'https://x.example/mcp',
    headers: { A: '1', B: '2' },
    transport: 'auto',
  };

  it('is the same for the same server, whatever else its entry says', () => {
    const same: StdioDefinition = {
      ...a,
      displayName: 'B',
      description: 'x',
      requestTimeoutMs: 5,
      source: 'other.json',
      start: 'lazy',
    };
    expect(definitionHash(same)).toBe(definitionHash(a));
    expect(definitionHash({ ...remote, headers: { B: '2', A: '1' } })).toBe(definitionHash(remote));
    expect(definitionHash(a)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Partial<StdioDefinition>]>([
    ['name', { id: 'b' }],
    ['command', { command: 'y' }],
    ['args', { args: ['1'] }],
    ['env', { env: { TOKEN: 'other' } }],
    ['cwd', { cwd: '/' }],
    ['envFile', { envFile: '.env' }],
  ])('is another one with another %s', (_, more) => {
    expect(definitionHash({ ...a, ...more })).not.toBe(definitionHash(a));
  });

  it.each<[string, Partial<RemoteDefinition>]>([
    ['url', { url: 'https://y.example/mcp' }],
    ['headers', { headers: { A: '1' } }],
    ['transport', { transport: 'sse' }],
  ])('of a remote one is another one with another %s', (_, more) => {
    expect(definitionHash({ ...remote, ...more })).not.toBe(definitionHash(remote));
  });
});
