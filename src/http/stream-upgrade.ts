import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, errorTable, type HubError } from '../base/index.ts';
import { SECURITY_LINES } from './guards/security-headers.ts';
import type { App, AppOptions } from './app.ts';

/** The name of newline-delimited JSON-RPC in the `Upgrade` header. No browser lets a page send it. */
const STREAM_PROTOCOL = 'mcp-stdio';

/** How long a client whose stream is refused may take to read that and to close its side, in milliseconds. */
const REFUSED_WITHIN_MS = 1_000;

type UpgradeListener = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Answers `Upgrade: mcp-stdio` on the MCP paths with a raw stream of lines. The answer names the hub's process id, so that a
 * client knows whom it has reached. Any other wish to upgrade is served as though it had not been uttered (RFC 9110, 7.8):
 * some HTTP libraries send `Upgrade: h2c` with everything.
 */
export function upgradeHandler(server: Server, app: App, { endpoint, clock }: AppOptions): UpgradeListener {
  /** The newest request on each connection that was served as HTTP. */
  const newest = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (req, res) => newest.set(req.socket, res));
  const upgrade: UpgradeListener = (req, socket, head) => {
    const client = asksForStream(req) ? app.streamClient(req) : undefined;
    if (!client) return serveWithoutUpgrade(server, req, socket, head);
    const refusal = endpoint.streamRefusal();
    if (refusal) return refuseStream(socket, refusal, clock);
    if (socket instanceof Socket) socket.setTimeout(0);
    const lines = [
      'HTTP/1.1 101 Switching Protocols',
      'Connection: Upgrade',
      `Upgrade: ${STREAM_PROTOCOL}`,
      `Mcp-Hub-Pid: ${process.pid}`,
      '\r\n',
    ];
    socket.write(lines.join('\r\n'));
    if (head.length > 0) socket.unshift(head);
    app.watch(client, socket);
    endpoint.handleStream(socket, client.scope, client.caller.principal);
  };
  return (req, socket, head) => {
    socket.on('error', ignoreGone);
    const before = newest.get(socket);
    if (!before || before.closed) return upgrade(req, socket, head);
    // Sent before the request in front of it was answered: two answers at once would be torn apart.
    before.once('close', () => {
      if (!socket.destroyed) upgrade(req, socket, head);
    });
  };
}

function ignoreGone(): void {
  // Expected: ECONNRESET and EPIPE; whoever serves the stream sees it close.
}

function asksForStream({ headers }: IncomingMessage): boolean {
  return (headers.upgrade ?? '').split(',').some((name) => name.trim().toLowerCase() === STREAM_PROTOCOL);
}

/** Gives the connection back to the HTTP server, with the same request less the headers that ask for an upgrade. */
function serveWithoutUpgrade(server: Server, req: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${req.method} ${req.url} HTTP/${req.httpVersion}`];
  for (let at = 0; at + 1 < req.rawHeaders.length; at += 2) {
    const line = withoutUpgrade(req.rawHeaders[at] ?? '', req.rawHeaders[at + 1] ?? '');
    if (line !== undefined) lines.push(line);
  }
  socket.off('error', ignoreGone);
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

function withoutUpgrade(name: string, value: string): string | undefined {
  if (/^(?:upgrade|http2-settings)$/i.test(name)) return undefined;
  if (!/^connection$/i.test(name)) return `${name}: ${value}`;
  const kept = value.split(',').filter((token) => !/^(?:upgrade|http2-settings)$/i.test(token.trim()));
  return kept.length > 0 ? `${name}: ${kept.join(',')}` : undefined;
}

function refuseStream(socket: Duplex, error: HubError, clock: Clock): void {
  const { rpcCode } = errorTable[error.code];
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: rpcCode, message: error.message, data: { code: error.code } } });
  const head = ['HTTP/1.1 503 Service Unavailable', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join('\r\n')}\r\n${SECURITY_LINES}Connection: close\r\n\r\n${body}`);
  // Nobody reads it any more, so its end would not be seen; the server cannot close before it is gone.
  socket.resume();
  const late = clock.after(REFUSED_WITHIN_MS, () => socket.destroy());
  socket.once('close', () => late.dispose());
}
