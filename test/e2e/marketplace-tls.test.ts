import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endHubs, environment, HUB_BIN, makeFolder } from '../support/hub-process.ts';
import { startProxy, type TestHttp } from '../support/registries.ts';

const OPENSSL = 'openssl';
const hasOpenssl = spawnSync(OPENSSL, ['version']).status === 0;

/** A company's network: its own certificate authority, and a proxy that alone knows the registry. */
describe.runIf(hasOpenssl)('behind a company proxy', () => {
  let folder: string;
  let certificate: string;
  let registry: Server;
  let proxy: TestHttp & { readonly connects: string[] };

  beforeAll(async () => {
    folder = await makeFolder();
    const key = join(folder, 'key.pem');
    certificate = join(folder, 'cert.pem');
    const subject = ['-subj', '/CN=registry.test', '-addext', 'subjectAltName=DNS:registry.test'];
    const made = spawnSync(OPENSSL, [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      ...subject,
    ]);
    expect(made.status, made.stderr.toString()).toBe(0);
    const body = JSON.stringify({ servers: [{ id: 'inside', name: 'Inside', installations: [] }] });
    registry = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (_, res) => res.end(body));
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    const address = registry.address();
    proxy = await startProxy({ 'registry.test:443': typeof address === 'object' && address ? address.port : 0 });
  });

  afterAll(async () => {
    await proxy.stop();
    registry.closeAllConnections();
    await new Promise((resolve) => registry.close(resolve));
    await endHubs();
  });

  async function search(more: NodeJS.ProcessEnv): Promise<{ code: number | null; answer: unknown }> {
    const env = { ...environment(folder), MCP_HUB_REGISTRY_URL: 'https://registry.test/registry.json', ...more };
    const child = spawn(process.execPath, [HUB_BIN, 'search', '--json'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, answer: JSON.parse(out) };
  }

  it('says that nothing is known of the name, that the certificate is not trusted, and then reads the list', async () => {
    const failure = (reason: string): object => ({ code: 3, answer: { code: 'MARKETPLACE_ERROR', data: { sources: [{ reason }] } } });
    expect(await search({})).toMatchObject(failure('dns'));
    expect(await search({ HTTPS_PROXY: proxy.url })).toMatchObject(failure('tls'));
    const trusting = await search({ HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: certificate });
    expect(trusting).toMatchObject({ code: 0, answer: { servers: [{ id: 'inside' }] } });
    expect(proxy.connects).toEqual(['registry.test:443', 'registry.test:443']);
  });
});
