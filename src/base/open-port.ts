import { createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from './disposable.ts';
import { HubError, isHubError, messageOf } from './errors.ts';

/** How many free ports are tried until one is free on both loopback addresses. */
const ATTEMPTS = 5;
/** What the system says when it has no IPv6. */
const NO_SUCH_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

export interface OpenPort<S extends Server = Server> {
  readonly port: number;
  /** One for each address. */
  readonly servers: readonly S[];
}

/** A port that is open, with nobody behind it yet. Disposing of it closes it, unless it was handed on. */
export interface ClaimedPort extends Disposable {
  readonly port: number;
  /** Hands the port to servers that do not listen yet, with the connections that have come meanwhile. At most once. */
  handTo<S extends Server>(makeServer: () => S): OpenPort<S>;
}

/**
 * Opens a port before what serves it is there: of many that start at once, all but one end before they have done any work.
 *
 * @throws HubError as {@link openPort}
 */
export async function claimPort(host: string, wanted: number): Promise<ClaimedPort> {
  const early = new Map<Server, Socket[]>();
  const makeServer = (): Server => {
    const sockets: Socket[] = [];
    // Nothing is read from them until there is somebody who reads.
    const server = createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket));
    early.set(server, sockets);
    return server;
  };
  const { port, servers } = await openPort(makeServer, host, wanted);
  let isHandedOn = false;
  return {
    port,
    handTo(makeServer) {
      isHandedOn = true;
      return { port, servers: servers.map((server) => handOver(server, early.get(server) ?? [], makeServer())) };
    },
    dispose() {
      if (isHandedOn) return;
      for (const server of servers) {
        for (const socket of early.get(server) ?? []) socket.destroy();
        server.close();
      }
    },
  };
}

/** The new server listens on the handle of the old one, which is left without any. */
function handOver<S extends Server>(from: Server, sockets: readonly Socket[], to: S): S {
  // An HTTP server keeps track of its connections, to close them in the end, only once it listens.
  to.once('listening', () => {
    for (const socket of sockets) {
      to.emit('connection', socket);
      socket.resume();
    }
  });
  return to.listen(from);
}

/**
 * Opens `port` on `host`; 0 takes any free one. `localhost` means both loopback addresses, 127.0.0.1 and, where the
 * system has it, ::1: clients resolve the name to either. On failure nothing stays open.
 *
 * @throws HubError PORT_IN_USE (details.port), or CONNECTION_ERROR when the host cannot be bound for another reason.
 */
export async function openPort<S extends Server>(makeServer: () => S, host: string, port: number): Promise<OpenPort<S>> {
  if (host !== 'localhost') {
    const server = makeServer();
    return { port: await listen(server, host, port), servers: [server] };
  }
  for (let attempt = 1; ; attempt += 1) {
    const bound = await openLoopback(makeServer, port, port !== 0 || attempt === ATTEMPTS);
    if (bound) return bound;
  }
}

/** Both loopback addresses on one port; `undefined` when ::1 has that port taken and `isLast` does not make it an error. */
async function openLoopback<S extends Server>(makeServer: () => S, wanted: number, isLast: boolean): Promise<OpenPort<S> | undefined> {
  const first = makeServer();
  const port = await listen(first, '127.0.0.1', wanted);
  const second = makeServer();
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
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
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
