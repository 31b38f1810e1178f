import { type AddressInfo, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OutgoingRequest, Road } from '../../src/base/index.ts';

/** A server that says bytes. */
export interface RawServer {
  readonly origin: string;
  /** What came over each connection, in Latin-1. */
  readonly heard: readonly string[];
  readonly sockets: readonly Socket[];
}

/**
 * Starts a server whose every connection is given to the script with each piece that comes. It ends with the test.
 *
 * @param say takes the socket, what the piece is, and how many connections there were before this one
 */
export async function rawServer(say: (socket: Socket, piece: string, connection: number) => void, host = '127.0.0.1'): Promise<RawServer> {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const at = sockets.push(socket) - 1;
    heard.push('');
    socket.on('error', () => {
      // Expected: whoever asked has heard enough.
    });
    socket.setEncoding('latin1').on('data', (piece: string) => {
      heard[at] += piece;
      say(socket, piece, at);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, heard, sockets };
}

/** What came of a request. */
export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends a request; rejects where it fails. */
export function ask(road: Road, request: Partial<OutgoingRequest> = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    let head = { status: 0, headers: {} };
    let body = '';
    road.send(
      { method: 'POST', path: '/mcp', headers: [], body: '{}', silenceMs: 0, ...request },
      {
        head: (status, headers) => void (head = { status, headers }),
        data: (piece) => void (body += piece.toString()),
        end: () => resolve({ ...head, body }),
        failed: reject,
      },
    );
  });
}
