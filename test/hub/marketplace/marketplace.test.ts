import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { marketplaceDefaults } from '../../../src/config/index.ts';
import { RegistryMarketplace } from '../../../src/hub/marketplace/marketplace.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { officialRegistry, sendJson, startProxy, TestHttp } from '../../support/registries.ts';

const HOUR = 60 * 60 * 1000;
const FILES = {
  id: 'files',
  name: 'Files',
  description: 'Reads and writes files',
  author: 'somebody',
  url: 'https://github.com/example/servers/tree/main/src/files',
  category: 'development',
  tags: ['disk', 'local'],
  stars: 5,
  lastCommit: 200,
  installations: [
    {
      name: 'NPX',
      config: '{"command":"npx","args":["-y","@example/files","${FOLDER}"]}',
      parameters: [{ name: 'Folder', key: 'FOLDER' }],
    },
  ],
};
const WEATHER = {
  ...FILES,
  id: 'weather',
  name: 'Weather',
  description: 'Of everywhere',
  url: '',
  category: 'data',
  tags: ['web'],
  stars: 9,
  lastCommit: 100,
  installations: [],
};
const official = (name: string, more: object = {}) => ({ name, description: `About ${name}`, version: '1.0.0', ...more });

let dir: string;
let clock: FakeClock;
let community: TestHttp;
let registry: TestHttp;
let opened: RegistryMarketplace[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-hub-market-'));
  clock = new FakeClock(Date.parse('2026-01-01T00:00:00Z'));
  community = await new TestHttp((req, res) => sendJson(req, res, { version: '1', servers: [FILES, WEATHER, { noId: true }] })).start();
  registry = await new TestHttp(
    officialRegistry(
      ['a/one', 'b/two', 'c/three'].map((name) => official(name)),
      2,
    ),
  ).start();
});

afterEach(async () => {
  await Promise.all(opened.map((marketplace) => marketplace.close()));
  opened = [];
  await Promise.all([community.stop(), registry.stop()]);
  await rm(dir, { recursive: true, force: true });
});

function open(
  more: {
    registryUrl?: string | undefined;
    officialUrl?: string | undefined;
    officialLimit?: number;
    readmeUrl?: string;
    env?: NodeJS.ProcessEnv;
  } = {},
): RegistryMarketplace {
  const { env = {}, ...sources } = more;
  const marketplace = new RegistryMarketplace({
    sources: {
      registryUrl: `${community.url}/registry.json`,
      officialUrl: registry.url,
      officialLimit: 1000,
      readmeUrl: undefined,
      ...sources,
    },
    dataDir: dir,
    env,
    clock,
  });
  opened.push(marketplace);
  return marketplace;
}

const ids = (list: { readonly servers: readonly { readonly id: string }[] }): string[] => list.servers.map(({ id }) => id);
/** Waits until the pages behind the first one are read too. */
async function complete(marketplace: RegistryMarketplace, count: number): Promise<void> {
  await expect.poll(async () => (await marketplace.list({})).servers.length).toBe(count);
}

describe('a marketplace', () => {
  it('asks nobody before it is asked', async () => {
    open();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(community.seen.length + registry.seen.length).toBe(0);
  });

  it('lists both registries in the documented shape', async () => {
    const marketplace = open();
    await complete(marketplace, 5);
    const { servers, warning } = await marketplace.list({});
    expect(warning).toBeUndefined();
    expect(servers.find(({ id }) => id === 'files')).toEqual(FILES);
    expect(servers.find(({ id }) => id === 'c/three')).toMatchObject({
      name: 'three',
      author: 'c',
      category: '',
      tags: ['official'],
      installations: [],
    });
  });

  it.each([
    [{ search: 'FILES writes' }, ['files']],
    [{ search: 'disk' }, ['files']],
    [{ search: 'of%20everywhere' }, ['weather']],
    [{ search: 'of+everywhere' }, ['weather']],
    [{ search: '100%' }, []],
    [{ category: 'Development' }, ['files']],
    [{ tags: ['web'] }, ['weather']],
    [{ tags: ['disk', 'web'] }, []],
    [{}, ['files', 'weather']],
    [{ sort: 'newest' as const }, ['files', 'weather']],
    [{ sort: 'stars' as const }, ['weather', 'files']],
    [{ sort: 'name' as const }, ['files', 'weather']],
  ])('answers %j with %j', async (query, expected) => {
    expect(ids(await open({ officialUrl: undefined }).list(query))).toEqual(expected);
  });

  it('asks once for many at the same time, and again only after an hour, with the ETag', async () => {
    const marketplace = open({ officialUrl: undefined });
    await Promise.all(Array.from({ length: 20 }, () => marketplace.list({})));
    expect(community.seen).toHaveLength(1);
    await expect.poll(() => readdir(join(dir, 'cache')).catch(() => [])).toEqual(['registry.json']);
    await clock.advance(HOUR - 1);
    await marketplace.list({});
    expect(community.seen).toHaveLength(1);
    await clock.advance(1);
    expect(ids(await marketplace.list({}))).toEqual(['files', 'weather']);
    expect(community.seen).toHaveLength(2);
    expect(community.seen[1]?.headers['if-none-match']).toBeDefined();
    await marketplace.list({});
    expect(community.seen).toHaveLength(2);
  });

  it('keeps what it read on disk, for the next one and for other hubs', async () => {
    const first = open();
    await complete(first, 5);
    await first.close();
    expect(await readdir(join(dir, 'cache'))).toEqual(['registry.json']);
    await Promise.all([community.stop(), registry.stop()]);
    const { servers, warning } = await open().list({});
    expect(servers).toHaveLength(5);
    expect(warning).toBeUndefined();
  });

  it('serves old data with a warning when the registry is gone', async () => {
    const first = open({ officialUrl: undefined });
    await first.list({});
    await first.close();
    await community.stop();
    await clock.advance(2 * HOUR);
    const { servers, warning } = await open({ officialUrl: undefined }).list({});
    expect(ids({ servers })).toEqual(['files', 'weather']);
    expect(warning).toMatch(
      /^This list is from 2026-01-01T00:00:00\.000Z: http:\/\/127\.0\.0\.1:\d+\/registry\.json cannot be read:.*ECONNREFUSED/,
    );
  });

  it('serves what 4.x has read, of the registry that it knew', async () => {
    await mkdir(join(dir, 'cache'));
    const [readme, at] = [{ content: '# Files', lastFetchedAt: clock.now() }, clock.now() - 48 * HOUR];
    const former = { registry: { version: '1', servers: [FILES, WEATHER] }, lastFetchedAt: at, serverDocumentation: { files: readme } };
    await writeFile(join(dir, 'cache', 'registry.json'), JSON.stringify(former));
    // Nobody takes connections there.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const { servers, warning } = await open({ registryUrl: marketplaceDefaults.registryUrl, officialUrl: undefined, env }).list({});
    expect(ids({ servers })).toEqual(['files', 'weather']);
    expect(warning).toContain('This list is from 2025-12-30T00:00:00.000Z');
    expect(community.seen).toEqual([]);
    const other = await open({ officialUrl: undefined }).list({});
    expect([other.warning, community.seen.length]).toEqual([undefined, 1]);
  });

  it('asks a failing registry again only after a minute, and then has news', async () => {
    const marketplace = open({ officialUrl: undefined });
    await marketplace.list({});
    await expect.poll(() => readdir(join(dir, 'cache')).catch(() => [])).toEqual(['registry.json']);
    const answer = community.respond;
    community.respond = (_, res) => res.writeHead(500).end();
    await clock.advance(HOUR);
    for (let count = 0; count < 5; count += 1) expect((await marketplace.list({})).warning).toContain('HTTP 500');
    expect(community.seen).toHaveLength(2);
    community.respond = answer;
    await clock.advance(60_000);
    expect((await marketplace.list({})).warning).toBeUndefined();
    expect(community.seen).toHaveLength(3);
  });

  it.each(['{"half', '[]', '{"sources":{"x":3}}', ''])('ignores the broken cache file %j and replaces it', async (text) => {
    await mkdir(join(dir, 'cache'));
    await writeFile(join(dir, 'cache', 'registry.json'), text);
    const marketplace = open({ officialUrl: undefined });
    expect(ids(await marketplace.list({}))).toEqual(['files', 'weather']);
    await marketplace.close();
    expect(JSON.parse(await readFile(join(dir, 'cache', 'registry.json'), 'utf8'))).toMatchObject({ version: 2 });
  });

  it('never serves the data of another address', async () => {
    await open({ officialUrl: undefined }).list({});
    const other = open({ officialUrl: undefined, registryUrl: `${community.url}/other.json` });
    await community.stop();
    await expect(other.list({})).rejects.toMatchObject({ code: 'MARKETPLACE_ERROR' });
  });
});

describe('a registry that fails', () => {
  it.each([
    ['HTTP 500', 'status', () => (community.respond = (_, res) => res.writeHead(500).end('oops'))],
    ['not JSON', 'garbage', () => (community.respond = (_, res) => res.end('<html>'))],
    ['"servers"', 'garbage', () => (community.respond = (_, res) => res.end('{"items":[]}'))],
    ['larger than', 'oversize', () => (community.respond = (_, res) => res.end(`{"servers":["${'x'.repeat(9_000_000)}"]}`))],
    ['other side closed', 'network', () => (community.respond = (req) => req.socket.destroy())],
  ])('is told with its address: %s', async (text, reason, breakIt) => {
    breakIt();
    const failure = await open({ officialUrl: undefined })
      .list({})
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'MARKETPLACE_ERROR', details: { sources: [{ reason, url: `${community.url}/registry.json` }] } });
    expect(String(failure)).toContain(text);
  });

  it('is told apart when nobody listens, and when the name is not known', async () => {
    await community.stop();
    await expect(open({ officialUrl: undefined }).list({})).rejects.toMatchObject({ details: { sources: [{ reason: 'refused' }] } });
    const unknown = open({ officialUrl: undefined, registryUrl: 'http://registry.invalid/registry.json' });
    await expect(unknown.list({})).rejects.toMatchObject({ details: { sources: [{ reason: 'dns' }] } });
  });

  it('is told after a deadline when it hangs', async () => {
    community.respond = (_, res) => void res.writeHead(200).write('{"servers": [');
    const listing = open({ officialUrl: undefined }).list({});
    const failure = expect(listing).rejects.toMatchObject({ code: 'MARKETPLACE_ERROR' });
    await expect.poll(() => community.seen.length).toBe(1);
    await clock.advance(20_000);
    await failure;
  });

  it('does not keep the other one from being served', async () => {
    community.respond = (_, res) => res.writeHead(503).end();
    const marketplace = open();
    await complete(marketplace, 3);
    expect((await marketplace.list({})).warning).toContain('HTTP 503');
  });

  it('gets the user and password of its address', async () => {
    await open({ officialUrl: undefined, registryUrl: `http://me:p%40ss@127.0.0.1:${community.port}/registry.json` }).list({});
    expect(community.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('shows no user, password or query of its address', async () => {
    const url = 'http://me:hunter2@127.0.0.1:1/registry.json?token=hunter3';
    const failure = await open({ officialUrl: undefined, registryUrl: url })
      .list({})
      .catch((error: unknown) => error);
    expect(JSON.stringify([String(failure), failure])).not.toMatch(/hunter/);
  });
});

describe('the official registry', () => {
  it('is read page by page, the first one first', async () => {
    let release = (): void => {};
    const answer = officialRegistry(
      ['a/one', 'b/two', 'c/three'].map((name) => official(name)),
      2,
    );
    registry.respond = (req, res) => {
      if (req.url?.includes('cursor')) release = () => answer(req, res);
      else answer(req, res);
    };
    const marketplace = open();
    expect((await marketplace.list({ sort: 'name' })).servers).toHaveLength(4);
    await expect.poll(() => registry.seen.length).toBe(2);
    release();
    await complete(marketplace, 5);
  });

  it('is read to the limit; searches and exact names reach beyond it', async () => {
    const all = ['a/one', 'b/two', 'c/three', 'z/hidden'].map((name) => official(name));
    registry.respond = officialRegistry(all, 1);
    const marketplace = open({ registryUrl: undefined, officialLimit: 2 });
    await complete(marketplace, 2);
    expect(ids(await marketplace.list({ search: 'hidden' }))).toEqual(['z/hidden']);
    expect((await marketplace.details('z/hidden')).server).toMatchObject({ id: 'z/hidden' });
    await expect(marketplace.details('z/none')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it('sends 304 for pages that have not changed', async () => {
    const marketplace = open({ registryUrl: undefined });
    await complete(marketplace, 3);
    await marketplace.close();
    await clock.advance(HOUR);
    const again = open({ registryUrl: undefined });
    expect((await again.list({})).servers).toHaveLength(3);
    expect(registry.seen.slice(2).map(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([true, true]);
  });

  it('ends where a cursor comes again', async () => {
    registry.respond = (req, res) =>
      sendJson(req, res, { servers: [{ server: official(`a/${req.url}`) }], metadata: { nextCursor: 'same' } });
    const marketplace = open({ registryUrl: undefined });
    await complete(marketplace, 2);
    expect(registry.seen).toHaveLength(2);
  });

  it('is one entry with the community one of the same package or repository', async () => {
    registry.respond = officialRegistry(
      [
        official('x/files', {
          repository: { url: 'https://github.com/example/servers', source: 'github', subfolder: 'src/files' },
          packages: [{ registryType: 'oci', identifier: 'docker.io/example/files:1', transport: { type: 'stdio' } }],
        }),
        official('x/other', { repository: { url: 'https://github.com/example/servers', source: 'github' } }),
      ],
      9,
    );
    const { servers } = await open().list({ sort: 'name' });
    expect(servers.map(({ id }) => id)).toEqual(['files', 'x/other', 'weather']);
    expect(servers[0]).toMatchObject({
      registryName: 'x/files',
      version: '1.0.0',
      stars: 5,
      installations: [{ name: 'NPX' }, { name: 'Docker' }],
    });
    expect((await open().details('x/files')).server.id).toBe('files');
  });
});

describe('details', () => {
  it('come with the README of the repository, kept for an hour; null when there is none', async () => {
    const raw = await new TestHttp((req, res) => {
      if (req.url === '/example/servers/main/src/files/README.md') res.end('# Files');
      else res.writeHead(404).end();
    }).start();
    try {
      const marketplace = open({ officialUrl: undefined, readmeUrl: raw.url });
      expect(await marketplace.details('files')).toEqual({ server: FILES, readmeContent: '# Files' });
      await marketplace.details('files');
      expect(raw.seen).toHaveLength(1);
      expect((await marketplace.details('weather')).readmeContent).toBeNull();
    } finally {
      await raw.stop();
    }
  });

  it('are null without a way to the README', async () => {
    expect((await open({ officialUrl: undefined, readmeUrl: 'http://127.0.0.1:1' }).details('files')).readmeContent).toBeNull();
  });

  it('name the nearest ids for an unknown one', async () => {
    await expect(open().details('fils')).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND', details: { near: ['files'] } });
  });
});

describe('a proxy', () => {
  it('is used for other machines, not for this one and not for NO_PROXY', async () => {
    const proxy = await startProxy({ 'registry.test': community.port });
    try {
      const env = { HTTP_PROXY: proxy.url };
      const registryUrl = 'http://registry.test/registry.json';
      expect(ids(await open({ officialUrl: undefined, registryUrl, env }).list({}))).toEqual(['files', 'weather']);
      const used = (): number => proxy.seen.length + proxy.connects.length;
      expect(used()).toBe(1);
      const local = open({ officialUrl: undefined, registryUrl: `${community.url}/local.json`, env });
      expect(ids(await local.list({}))).toEqual(['files', 'weather']);
      await expect(
        open({ officialUrl: undefined, registryUrl: 'http://registry.test/2', env: { ...env, NO_PROXY: '.test' } }).list({}),
      ).rejects.toMatchObject({ details: { sources: [{ reason: 'dns' }] } });
      expect(used()).toBe(1);
    } finally {
      await proxy.stop();
    }
  });

  it('that is not there, or refuses, is what the error names', async () => {
    const proxy = await startProxy({});
    const registryUrl = 'https://registry.test/registry.json';
    const refusing = open({ officialUrl: undefined, registryUrl, env: { https_proxy: proxy.url } });
    await expect(refusing.list({})).rejects.toMatchObject({ details: { sources: [{ reason: 'proxy' }] } });
    await proxy.stop();
    const gone = open({ officialUrl: undefined, registryUrl, env: { HTTPS_PROXY: proxy.url } });
    await expect(gone.list({})).rejects.toMatchObject({ details: { sources: [{ reason: 'proxy' }] } });
    const nonsense = open({ officialUrl: undefined, registryUrl, env: { HTTPS_PROXY: 'socks5://someone:secret@proxy.test' } });
    const failure: unknown = await nonsense.list({}).catch((error: unknown) => error);
    expect(failure).toMatchObject({ details: { sources: [{ reason: 'proxy' }] } });
    expect(String(failure)).toContain('HTTPS_PROXY names no HTTP proxy');
    expect(JSON.stringify(failure) + String(failure)).not.toContain('secret');
  });
});
