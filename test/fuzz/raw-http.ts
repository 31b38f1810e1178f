import { connect } from 'node:net';

/** How long nothing may come before the sender says that it has said everything, in milliseconds. */
const IDLE_MS = 15;

/** What came back for some bytes. */
export interface RawReply {
  /** Of the last whole head of an answer; `undefined` when the connection was closed without one. */
  readonly status: number | undefined;
  /** Header lines and as much of the body as came. */
  readonly text: string;
}

/**
 * Sends bytes over a new connection and reads what comes back: until the first whole answer, the head of an event stream, or the end.
 * A peer that still waits for more is told after a while that there is no more. Never resolves when the peer keeps the connection open
 * all the same.
 */
export function sendRaw(port: number, bytes: Buffer): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let text = '';
    const idle = (): void => void socket.end();
    let timer = setTimeout(idle, IDLE_MS);
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: statusOf(text), text });
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      clearTimeout(timer);
      if (isWhole(text)) return done();
      timer = setTimeout(idle, IDLE_MS);
    });
    socket.on('error', () => {
      // Expected: a peer that does not like what it reads may drop the connection while bytes are under way.
    });
    socket.on('close', done);
    socket.write(bytes);
  });
}

/** Status and fields; an answer may have no fields at all, as `100 Continue` has none. */
const HEAD = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n((?:[^\r\n]+\r\n)*)\r\n/;

/** The text from the first head on that is no 1xx, which only announces another. */
function final(text: string): string {
  let rest = text;
  for (let head = HEAD.exec(rest); head?.[1]?.startsWith('1') && head[1] !== '101'; head = HEAD.exec(rest))
    rest = rest.slice(head[0].length);
  return rest;
}

function statusOf(text: string): number | undefined {
  const status = HEAD.exec(final(text))?.[1];
  return status === undefined ? undefined : Number(status);
}

function isWhole(text: string): boolean {
  const rest = final(text);
  const head = HEAD.exec(rest);
  if (!head) return false;
  const [all, status, fields = ''] = head;
  if (status === '101' || status === '204' || status === '304' || /^content-type: text\/event-stream/im.test(fields)) return true;
  const length = /^content-length: (\d+)/im.exec(fields)?.[1];
  if (length !== undefined) return rest.length >= all.length + Number(length);
  return /^transfer-encoding: chunked/im.test(fields) && rest.endsWith('0\r\n\r\n');
}
