import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';

const LEGACY_VERSION = '2025-11-25';
const MODERN_VERSION = '2026-07-28';
const LISTEN_MS = 20_000;
const ANSWER_MS = 10_000;
const clientInfo = { name: 'bench', version: '1.0.0' };
const base = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const modernMeta = {
  'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};

export type Era = 'legacy' | 'modern';

export interface FirstList {
  /** When a connection to the port first succeeded, by `performance.now()`. */
  readonly openMs: number;
  /** From then until the last byte of the list. */
  readonly tookMs: number;
  /** How much of that the main thread of the process has run, in milliseconds; NaN where the system does not tell. */
  readonly cpuMs: number;
  /** The list's answer as it came. */
  readonly body: string;
}

/**
 * Knocks at a port until it is open, and on that very connection asks for the tools: in the legacy era with a session first, in
 * the modern era at once.
 */
export async function firstList(port: number, child: ChildProcess, era: Era): Promise<FirstList> {
  const socket = await untilOpen(port, child);
  const openMs = performance.now();
  const before = ranMs(child);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // The first socket is there already; there is no second one.
  agent.createConnection = () => socket;
  const headers =
    era === 'modern' ? { ...base, 'mcp-protocol-version': MODERN_VERSION, 'mcp-method': 'tools/list' } : await openSession(agent);
  const params = era === 'modern' ? { _meta: modernMeta } : {};
  const { status, body } = await post(agent, headers, JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params }));
  const tookMs = performance.now() - openMs;
  const cpuMs = ranMs(child) - before;
  agent.destroy();
  if (status !== 200) throw new Error(`No list: HTTP ${status} ${body.slice(0, 300)}`);
  return { openMs, tookMs, cpuMs, body };
}

/** How long the main thread of a process has run; a busy machine makes everything longer but this. */
function ranMs({ pid }: ChildProcess): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // Expected: not Linux.
    return Number.NaN;
  }
}

/** @returns a connection, the first that succeeded. */
export async function untilOpen(port: number, child: ChildProcess): Promise<Socket> {
  const endMs = performance.now() + LISTEN_MS;
  while (performance.now() < endMs && child.exitCode === null) {
    const socket = await knock(port);
    if (socket) return socket;
  }
  throw new Error('The port does not open.');
}

function knock(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const onError = (): void => resolve(undefined);
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

async function openSession(agent: Agent): Promise<OutgoingHttpHeaders> {
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo };
  const { status, headers, body } = await post(agent, base, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }));
  const session = headers['mcp-session-id'];
  if (status !== 200 || typeof session !== 'string') throw new Error(`No session: HTTP ${status} ${body.slice(0, 300)}`);
  const own = { ...base, 'mcp-protocol-version': LEGACY_VERSION, 'mcp-session-id': session };
  await post(agent, own, '{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return own;
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function post(agent: Agent, headers: OutgoingHttpHeaders, text: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', path: '/mcp', method: 'POST', agent, headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks).toString() }));
    });
    req.setTimeout(ANSWER_MS, () => req.destroy(new Error(`No answer in ${ANSWER_MS} ms`)));
    req.on('error', reject);
    req.end(text);
  });
}
