import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { logIn, type ProtectedServer, startProtectedServer } from '../support/protected-server.ts';

let hub: RunningHub | undefined;
let server: ProtectedServer | undefined;
afterEach(async () => {
  await hub?.stop();
  await server?.close();
});

interface Shown {
  readonly status: string;
  readonly authorizationUrl: string | null;
  readonly capabilities: { readonly tools: readonly object[] };
}

async function start(): Promise<RunningHub> {
  server = await startProtectedServer();
  hub = await runHub({ mcpServers: { guarded: { url: server.url } } });
  return hub;
}

async function shown({ origin }: RunningHub): Promise<Shown> {
  const body = (await (await fetch(`${origin}/api/servers/guarded`)).json()) as { readonly server: Shown };
  return body.server;
}

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function untilUnauthorized(running: RunningHub): Promise<string> {
  await eventually(async () => expect(await shown(running)).toMatchObject({ status: 'unauthorized' }));
  const { authorizationUrl } = await shown(running);
  const asked = await post(`${running.origin}/api/servers/authorize`, { server_name: 'guarded' });
  expect(await asked.json()).toMatchObject({ status: 'ok', authorizationUrl, server: { status: 'unauthorized' } });
  return authorizationUrl ?? '';
}

describe('a server that asks for a login', () => {
  it('is used once a person has logged in, and the browser says so', async () => {
    const running = await start();
    const callback = await logIn(await untilUnauthorized(running));
    expect(callback.startsWith(running.origin.replace('127.0.0.1', 'localhost'))).toBe(true);
    const page = await fetch(callback);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('Logged in at')]);
    await eventually(async () => expect(await shown(running)).toMatchObject({ status: 'connected', authorizationUrl: null }));
    expect((await shown(running)).capabilities.tools).not.toEqual([]);
    const again = await fetch(callback);
    expect([again.status, await again.text()]).toEqual([400, expect.stringContaining('belongs to no open login')]);
    const anew = await post(`${running.origin}/api/servers/authorize`, { server_name: 'guarded' });
    expect([anew.status, await anew.json()]).toEqual([400, expect.objectContaining({ code: 'VALIDATION_ERROR' })]);
  });

  it('takes the address that a person copied from a browser elsewhere', async () => {
    const running = await start();
    const url = await logIn(await untilUnauthorized(running));
    const done = await post(`${running.origin}/api/oauth/manual_callback`, { url });
    expect(await done.json()).toMatchObject({ status: 'ok', server_name: 'guarded' });
    await eventually(async () => expect(await shown(running)).toMatchObject({ status: 'connected' }));
  });
});
