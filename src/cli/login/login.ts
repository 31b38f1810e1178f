import { hasScreen, HubError, isHubError, openPage, sleep, systemClock } from '../../base/index.ts';
import type { ApiClient } from '../api-client.ts';
import type { CommandIo } from '../command.ts';
import { isObject, memberOf, textOf } from '../json.ts';
import { serverLine } from '../server-action.ts';
import { serverInfo, type ServerInfo, withoutName } from '../servers.ts';
import { printable } from '../style.ts';
import { pastedAddress } from './paste.ts';

/** How often the hub is asked what has become of the login, in milliseconds. */
const LOOK_EVERY_MS = 500;
/** How long a person may take; the page is good for ten minutes. In milliseconds. */
const LOGIN_WITHIN_MS = 600_000;
/** How long the server may take to start after the login, in milliseconds. */
const START_WITHIN_MS = 60_000;

export interface LoginOptions {
  /** The address that the browser is sent to is read from standard input. */
  readonly isPasting: boolean;
  readonly opensBrowser: boolean;
}

/** One login of a person at a server, from the command line. */
export class Login {
  readonly #client: ApiClient;
  readonly #server: ServerInfo;
  readonly #io: CommandIo;

  constructor(client: ApiClient, server: ServerInfo, io: CommandIo) {
    this.#client = client;
    this.#server = server;
    this.#io = io;
  }

  /** @throws HubError UNAUTHORIZED when it came to nothing, TIMEOUT, CONNECTION_ERROR when the server does not start after it */
  async run({ isPasting, opensBrowser }: LoginOptions): Promise<void> {
    if (this.#server.status === 'connected') return tellConnected(this.#server, this.#io);
    const answer = await this.#client.post('/api/servers/authorize', { server_name: this.#server.name, open_browser: false });
    const page = textOf(answer, 'authorizationUrl');
    await this.#show(page, opensBrowser && !isPasting);
    const { stdin, stderr } = this.#io.process;
    // Whoever sits at another machine than the hub sees the browser fail, and has the address in it.
    const asksPerson = stdin.isTTY && stderr.isTTY && !this.#io.isJson;
    if (!isPasting && !asksPerson) return waitUntilConnected(this.#client, this.#server.name, this.#io, this.#io.signal);
    const over = new AbortController();
    const signal = AbortSignal.any([this.#io.signal, over.signal]);
    const connected = waitUntilConnected(this.#client, this.#server.name, this.#io, signal);
    try {
      await Promise.race([connected, this.#pasted(isPasting, signal).then(() => connected)]);
    } finally {
      over.abort();
      connected.catch(() => undefined);
    }
  }

  async #show(page: string, opensBrowser: boolean): Promise<void> {
    const { process, isJson } = this.#io;
    const say = isJson ? this.#io.tell : this.#io.print;
    const isOpened = opensBrowser && hasScreen(process.env, process.platform) && (await opened(page));
    const what = isOpened
      ? 'The login page is open in your browser. If it is not, open this address:'
      : 'Open this address in a browser and log in:';
    say(`${what}\n\n  ${printable(page)}\n`);
  }

  async #pasted(isPasting: boolean, signal: AbortSignal): Promise<void> {
    const { process } = this.#io;
    if (process.stdin.isTTY) {
      this.#io.tell('Waiting for the login. If your browser ends at a page that it cannot reach, paste the address of that page here:');
    }
    for await (const address of pastedAddress(process.stdin, signal)) {
      try {
        await this.#client.post('/api/oauth/manual_callback', { url: address });
        return;
      } catch (error) {
        // A person pastes the wrong thing once; a script has one line.
        if (!isHubError(error, 'VALIDATION_ERROR') || !process.stdin.isTTY) throw error;
        this.#io.tell(error.message);
      }
    }
    if (isPasting && !signal.aborted) throw new HubError('USAGE', 'Standard input holds no address. Give it: --paste <address>.');
    // Nobody pastes any more, and the browser may still do it.
    await sleep(systemClock, LOGIN_WITHIN_MS, signal);
  }
}

/** Ends a login with the address that a browser was sent to, and waits until the server is connected. Errors as of {@link Login.run}. */
export async function finishLogin(client: ApiClient, name: string, address: string, io: CommandIo): Promise<void> {
  const answer = await client.post('/api/oauth/manual_callback', { url: address });
  const server = textOf(answer, 'server_name');
  if (server !== name) io.tell(`That was the login at "${printable(server)}".`);
  await waitUntilConnected(client, server, io, io.signal);
}

async function waitUntilConnected(client: ApiClient, name: string, io: CommandIo, signal: AbortSignal): Promise<void> {
  const beganMs = systemClock.now();
  let loggedInMs: number | undefined;
  for (;;) {
    const server = await look(client, name);
    if (signal.aborted) throw new HubError('CANCELLED', 'The login was given up.');
    const { status } = server;
    if (status === 'connected') return tellConnected(server, io);
    const nowMs = systemClock.now();
    if (status !== 'unauthorized') loggedInMs ??= nowMs;
    if (status === 'unauthorized' && textOf(server.object, 'authorizationUrl') === '') {
      throw new HubError('UNAUTHORIZED', `The login at "${name}" came to nothing. Run "mcp-hub auth ${name}" again.`, {
        details: { server: name },
      });
    }
    if (isBroken(server)) throw notStarted(server);
    if (nowMs - (loggedInMs ?? beganMs) > (loggedInMs === undefined ? LOGIN_WITHIN_MS : START_WITHIN_MS)) {
      throw new HubError('TIMEOUT', `"${name}" is still ${status}. See how it is with "mcp-hub servers ${name}".`, {
        details: { server: name },
      });
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal);
  }
}

async function look(client: ApiClient, name: string): Promise<ServerInfo> {
  const object = memberOf(await client.get(`/api/servers/${encodeURIComponent(name)}`), 'server');
  return serverInfo(isObject(object) ? object : {});
}

function isBroken({ status, error }: ServerInfo): boolean {
  return status === 'disabled' || (status === 'disconnected' && error !== '');
}

function notStarted(server: ServerInfo): HubError {
  const message = `You are logged in at ${server.name}, but it does not run: ${withoutName(server) || `it is ${server.status}.`}`;
  return new HubError('CONNECTION_ERROR', message, { details: { server: server.object } });
}

function tellConnected(server: ServerInfo, io: CommandIo): void {
  if (io.isJson) io.printJson({ server: server.object });
  else io.print(serverLine(server, io));
}

async function opened(page: string): Promise<boolean> {
  try {
    await openPage(page, () => {});
    return true;
  } catch {
    // Expected: no program for it. The address is printed.
    return false;
  }
}
