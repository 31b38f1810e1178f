import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** How often it cut a connection. */
  readonly cuts: number;
  /** From now on, the first connection on which the server says this is cut right before it. */
  cutBefore(words: string): void;
  close(): Promise<void>;
}

/** A way to a server on this machine that breaks in the middle of what the server says. */
export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let words: string | undefined;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // Expected: ECONNRESET. The other half is told by `close`.
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => upstream.destroy()).on('data', (chunk) => upstream.write(chunk));
    upstream.on('close', () => client.destroy());
    upstream.on('data', (chunk) => {
      const at = words === undefined ? -1 : chunk.indexOf(words);
      if (at < 0) return void client.write(chunk);
      words = undefined;
      cuts += 1;
      client.write(chunk.subarray(0, at), () => client.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    cutBefore(next) {
      words = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
