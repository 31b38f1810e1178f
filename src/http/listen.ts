import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubError, isHubError, messageOf } from '../base/index.ts';

/** How many free ports are tried until one is free on both loopback addresses. */
const ATTEMPTS = 5;
/** What the system says when it has no IPv6. */
const NO_SUCH_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

export interface Bound {
  readonly port: number;
  readonly servers: readonly Server[];
}

/**
 * Opens `port` on `host`; 0 takes any free one. `localhost` means both loopback addresses, 127.0.0.1 and, where the
 * system has it, ::1: clients resolve the name to either. On failure nothing stays open.
 *
 * @throws HubError PORT_IN_USE (details.port), or CONNECTION_ERROR when the host cannot be bound for another reason.
 */
export async function bind(createServer: () => Server, host: string, port: number): Promise<Bound> {
  if (host !== 'localhost') {
    const server = createServer();
    return { port: await listen(server, host, port), servers: [server] };
  }
  for (let attempt = 1; ; attempt += 1) {
    const bound = await bindLoopback(createServer, port, port !== 0 || attempt === ATTEMPTS);
    if (bound) return bound;
  }
}

/** Both loopback addresses on one port; `undefined` when ::1 has that port taken and `isLast` does not make it an error. */
async function bindLoopback(createServer: () => Server, wanted: number, isLast: boolean): Promise<Bound | undefined> {
  const first = createServer();
  const port = await listen(first, '127.0.0.1', wanted);
  const second = createServer();
  try {
    await listen(second, '::1', port);
    return { port, servers: [first, second] };
  } catch (error) {
    if (isHubError(error) && NO_SUCH_ADDRESS.has(error.details['reason'])) return { port, servers: [first] };
    await new Promise((resolve) => first.close(resolve));
    if (isLast) throw error;
    return undefined;
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(bindError(error, host, port));
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): HubError {
  const details = { host, port, reason: error.code };
  if (error.code === 'EADDRINUSE') {
    return new HubError('PORT_IN_USE', `Port ${port} on ${host} is in use. Stop what listens there or choose another --port.`, {
      details,
      cause: error,
    });
  }
  const hint = error.code === 'EACCES' ? 'Ports below 1024 need special rights: choose another --port.' : 'Check --host and --port.';
  return new HubError('CONNECTION_ERROR', `Port ${port} on ${host} cannot be opened: ${messageOf(error)}. ${hint}`, {
    details,
    cause: error,
  });
}
