import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A request that went over a road, and what came back. */
export interface Exchange {
  /** `GET /path` */
  readonly request: string;
  /** The head of the answer, as it travelled: status line and header fields; empty when there was none. */
  readonly answer: string;
}

/** A road to a port of this machine on which everything can be overheard, and that may lead elsewhere later. */
export interface Road {
  readonly port: number;
  /** What went over it since it was opened, or told to forget. */
  overheard(): readonly Exchange[];
  /** Forgets what was heard so far, and does not listen to the connections that are open now any more. */
  forget(): void;
  /** Where connections lead that are made from now on. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** Bytes are passed on as they come, so whoever is at the end sees what a direct connection would bring. */
export async function openRoad(to: number): Promise<Road> {
  const sockets = new Set<Socket>();
  let talks: { out: string; back: string }[] = [];
  const server = createServer((client) => {
    const talk = { out: '', back: '' };
    talks.push(talk);
    const other = connect(to, '127.0.0.1');
    for (const socket of [client, other]) {
      sockets.add(socket);
      // Expected: ECONNRESET. The other half is told by `close`.
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => void (talk.out += chunk.toString('latin1'))).pipe(other);
    other.on('data', (chunk) => void (talk.back += chunk.toString('latin1'))).pipe(client);
    client.on('close', () => other.destroy());
    other.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    overheard() {
      return talks.flatMap(exchangesOf);
    },
    forget() {
      talks = [];
    },
    leadTo(port) {
      to = port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Browsers do not send a request before the one in front of it on the same connection was answered. */
function exchangesOf({ out, back }: { readonly out: string; readonly back: string }): Exchange[] {
  const answers = [...back.matchAll(/HTTP\/1\.1 \d{3} [\s\S]*?\r\n\r\n/g)].map(([head]) => head);
  const requests = [...out.matchAll(/([A-Z]+ \S+) HTTP\/1\.1\r\n/g)].map(([, line = '']) => line);
  return requests.map((request, at) => ({ request, answer: answers[at] ?? '' }));
}
