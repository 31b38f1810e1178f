import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { freePort } from '../../support/hub-process.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import type { Shown } from '../../support/oauth-hub.ts';
import { logIn } from '../../support/protected-server.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';

let issuer: StrictIssuer;
let mcp: EveryKindFixture;
let guarded: Guarded;
let folder: string;
let hub: RunningHub | undefined;

beforeAll(async () => {
  issuer = await StrictIssuer.start();
  mcp = await startEveryKind();
  guarded = await guard(issuer, mcp);
});
afterAll(async () => {
  await Promise.all([guarded.close(), mcp.close()]);
  await issuer.close();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-hub-no-port-'));
});
afterEach(async () => {
  await hub?.stop();
  hub = undefined;
  await rm(folder, { recursive: true, force: true });
});

const socketPath = (): string => join(folder, 'hub.sock');

async function start(oauth: object): Promise<void> {
  const config = { mcpServers: { guarded: { url: guarded.url, oauth } } };
  hub = await runHub(config, {}, 0, { port: undefined, socket: socketPath() });
}

/** What the API says of the server, once it has that status. */
function until(status: string): Promise<Shown> {
  const look = async (): Promise<Shown> => {
    const { server } = JSON.parse(await overSocket('/api/servers/guarded')) as { readonly server: Shown };
    expect(server.status).toBe(status);
    return server;
  };
  return vi.waitFor(look, { timeout: 20_000, interval: 20 });
}

function overSocket(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath: socketPath(), path, headers: { host: 'localhost' }, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      res.on('end', () => resolve(text));
    });
    req.on('error', reject).end();
  });
}

describe('a login at a hub without a port', () => {
  it('comes back to the callback port of the config, which is open for as long as it waits', async () => {
    const callbackPort = await freePort();
    await start({ callbackPort });
    const { authorizationUrl } = await until('unauthorized');
    const callback = await logIn(authorizationUrl ?? '');
    expect(callback).toContain(`http://localhost:${callbackPort}/api/oauth/callback?`);
    const answer = await fetch(callback);
    expect([answer.status, answer.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")]);
    expect(await answer.text()).toContain('guarded');
    await until('connected');
    await expect(fetch(callback)).rejects.toThrow('fetch failed');
  });

  it('says what is to be done where the config names no such port', async () => {
    await start({});
    const { authorizationUrl, error } = await until('unauthorized');
    expect(authorizationUrl).toBeNull();
    expect(error).toContain('the hub has no port (--no-port) that a browser could come back to. Set "callbackPort" of "oauth"');
  });
});
