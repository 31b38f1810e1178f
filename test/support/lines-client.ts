import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { initialize, legacy } from '../downstream/harness.ts';
import { eventually } from './processes.ts';

const ASK = ['GET /mcp HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: mcp-stdio', '\r\n'].join('\r\n');

const HEARD_WITHIN_MS = 15_000;

/** Messages as a stream of lines carries them. */
export const lines = (...messages: readonly unknown[]): string => messages.map((message) => `${JSON.stringify(message)}\n`).join('');

/** A client that speaks lines of JSON-RPC with a hub, as `mcp-hub stdio` does, over a bare socket. */
export interface LinesClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  say(...messages: readonly unknown[]): void;
  /** Waits until all of these texts have come. */
  heard(...texts: readonly string[]): Promise<void>;
}

export function linesClient(port: number): LinesClient {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(ASK);
  return {
    socket,
    closed: once(socket, 'close'),
    say: (...messages) => void socket.write(lines(...messages)),
    heard: async (...texts) => {
      await eventually(texts.join(' and '), () => texts.every((one) => text.includes(one)), HEARD_WITHIN_MS);
    },
  };
}

/** Most calls that were taken back and are remembered for half a minute, because their server may still ask something for them. */
const REMEMBERED = 1_000;

/** Takes back as many calls of `gauge` as the hub remembers, so that it remembers as many at any look. */
export async function takeBackCalls(port: number): Promise<void> {
  const client = linesClient(port);
  const calls = Array.from({ length: REMEMBERED }, (_, id) =>
    legacy('tools/call', { name: 'gauge__work', arguments: { n: id, ms: 500 } }, id + 2),
  );
  client.say(initialize());
  await client.heard('protocolVersion');
  // The last request on the stream is answered when all before it have been taken in.
  client.say(...calls.slice(1), legacy('ping', {}, 'ping'));
  await client.heard('"id":"ping"');
  client.socket.destroy();
  await client.closed;
}
