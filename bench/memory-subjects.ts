import { type IncomingMessage, request } from 'node:http';
import { headOf, openSession } from './parts/http-clients.ts';
import { openClients } from './parts/open-clients.ts';
import { RawHttp } from './parts/raw-http.ts';

/** Connections, or clients, at the same time. */
const AT_ONCE = 50;

/** Something of which there can be many in a hub. */
export interface Subject {
  readonly title: string;
  readonly count: number;
  /** What is told: KB for each, or MB for all of them. */
  readonly unit: 'KB each' | 'MB';
  readonly target: string;
  /** Makes so many at the hub on a port; the function that it gives back ends them. */
  hold(port: number, count: number): Promise<() => Promise<void>>;
}

export const SUBJECTS: readonly Subject[] = [
  { title: 'idle legacy sessions', count: 5_000, unit: 'KB each', target: '≤ 12', hold: openIdleSessions },
  { title: 'modern clients that were there', count: 5_000, unit: 'KB each', target: '0', hold: letModernClientsCall },
  { title: 'readers of /api/events', count: 1_000, unit: 'MB', target: '< 30', hold: openEventReaders },
];

/** Sessions that nobody uses: their clients have closed their connections. */
async function openIdleSessions(port: number, count: number): Promise<() => Promise<void>> {
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  const sessions: Readonly<Record<string, string>>[] = [];
  await atOnce(url, count, async (http) => {
    sessions.push(await openSession(http, url));
  });
  return () =>
    atOnce(url, count, async (http) => {
      const session = sessions.pop();
      if (session) await http.exchange(headOf('DELETE', url, session), '');
    });
}

/** Does something so many times, on a few connections. */
async function atOnce(url: URL, count: number, once: (http: RawHttp) => Promise<void>): Promise<void> {
  let left = count;
  const keepOn = async (): Promise<void> => {
    const http = new RawHttp(url);
    while (left > 0) {
      left -= 1;
      await once(http);
    }
    http.close();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, keepOn));
}

/** Clients without a session, each with a connection and a call of its own, that have left when this resolves. */
async function letModernClientsCall(port: number, count: number): Promise<() => Promise<void>> {
  const target = { kind: 'http', era: 'modern', url: `http://127.0.0.1:${port}/mcp`, prefix: 'stdio__' } as const;
  for (let left = count; left > 0; left -= AT_ONCE) {
    const crowd = await openClients({ target, payload: { kind: 'echo' }, clients: Math.min(left, AT_ONCE) });
    await crowd.close();
  }
  return async () => undefined;
}

async function openEventReaders(port: number, count: number): Promise<() => Promise<void>> {
  const readers: IncomingMessage[] = [];
  for (let left = count; left > 0; left -= AT_ONCE) {
    readers.push(...(await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, () => openEventReader(port)))));
  }
  return async () => {
    for (const reader of readers) reader.destroy();
  };
}

/** Resolves with the stream once its first event has come. */
function openEventReader(port: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path: '/api/events', agent: false }, (res) => {
      if (res.statusCode !== 200) return reject(new Error(`HTTP ${res.statusCode} from /api/events`));
      res.on('error', () => undefined);
      res.once('data', () => resolve(res));
    });
    req.on('error', reject);
    req.end();
  });
}
