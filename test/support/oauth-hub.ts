import { WireClient, type Reply } from './wire-client.ts';
import { HttpWire } from './wires.ts';
import type { RunningHub } from './in-process-hub.ts';
import { logIn } from './protected-server.ts';
import type { Era, JsonObject } from '../../src/protocol/index.ts';
import { expect, vi } from 'vitest';

/** What the API says of a server that may need a login. */
export interface Shown {
  readonly status: string;
  readonly error: string | null;
  readonly authorizationUrl: string | null;
  readonly capabilities: { readonly tools: readonly object[] };
}

export async function shown({ origin }: RunningHub, name = 'guarded'): Promise<Shown> {
  const body = (await (await fetch(`${origin}/api/servers/${name}`)).json()) as { readonly server: Shown };
  return body.server;
}

export const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export async function untilStatus(hub: RunningHub, status: string, name = 'guarded'): Promise<Shown> {
  const check = async (): Promise<Shown> => {
    const server = await shown(hub, name);
    expect(server.status).toBe(status);
    return server;
  };
  // A login is a dozen requests of two servers, on a machine that may be busy.
  return vi.waitFor(check, { timeout: 20_000, interval: 20 });
}

/** The page on which a person logs in at a server that needs it. */
export async function loginPageOf(hub: RunningHub, name = 'guarded'): Promise<string> {
  const { authorizationUrl } = await untilStatus(hub, 'unauthorized', name);
  if (authorizationUrl === null) throw new Error('There is no page.');
  return authorizationUrl;
}

/** What a person does, from the page to the callback. Resolves with the callback's answer. */
export async function visit(page: string, login?: string): Promise<Response> {
  return fetch(await logIn(page, login));
}

/** Logs a person in at a server, and waits until it is connected. */
export async function logInAt(hub: RunningHub, name = 'guarded'): Promise<void> {
  expect((await visit(await loginPageOf(hub, name))).status).toBe(200);
  await untilStatus(hub, 'connected', name);
}

/** A client of the hub, that is sent to pages unless `reply` is left out. */
export function clientOf(hub: RunningHub, era: Era, path = '/mcp', reply?: Reply, key?: string): Promise<WireClient> {
  const capabilities: JsonObject = reply ? { elicitation: { form: {}, url: {} } } : {};
  return WireClient.connect(new HttpWire(`${hub.origin}${path}`, era, key), { era, capabilities, reply });
}
