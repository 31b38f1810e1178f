import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Http1Connections } from '../../../src/base/http1/connections.ts';
import type { OutgoingRequest, Road } from '../../../src/base/index.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, rawServer } from '../../support/raw-server.ts';

/** Says 'good' to each request; ends its connections when it is told to, and then says so in the memory that it was given. */
const ENDING_SERVER = `
  const { parentPort } = require('node:worker_threads');
  const sockets = [];
  let ended;
  const server = require('node:net').createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\ngood'));
  });
  parentPort.on('message', (message) => {
    if (message !== 'end') {
      ended = message;
      return server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
    }
    for (const socket of sockets) socket.end();
    Atomics.store(ended, 0, 1);
    Atomics.notify(ended, 0);
  });
`;

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

function roads(): Http1Connections {
  const connections = new Http1Connections();
  onTestFinished(() => connections.close());
  return connections;
}

function roadTo(origin: string): Road {
  return roads().roadTo(new URL(origin));
}

/** Asks so often that the server is trusted with connections that are kept. */
async function warmUp(road: Road): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await ask(road);
}

describe('a request', () => {
  it('is one piece with its head', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const headers = ['content-type', 'application/json', 'Connection', 'close', 'x-a', 'caf\u00e9'];
    expect(await ask(roadTo(server.origin), { headers, body: '{"a":1}', path: '/mcp?b=%20' })).toMatchObject({ status: 200, body: 'good' });
    const { host } = new URL(server.origin);
    const head = `POST /mcp?b=%20 HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\ncontent-type: application/json\r\nx-a: caf\u00e9\r\n`;
    expect(server.heard).toEqual([`${head}content-length: 7\r\n\r\n{"a":1}`]);
  });

  it.each([
    ['text', 'ü€\u{1f600}'],
    ['bytes', Buffer.from('ü€\u{1f600}')],
  ])('has the length of its body in bytes (%s)', async (_, body) => {
    const server = await rawServer(
      (socket, piece) => void (piece.length > 20 || piece.includes('\u009f') ? socket.write(GOOD) : undefined),
    );
    await ask(roadTo(server.origin), { body, headers: ['x-a', '\u00fc'] });
    expect(Buffer.from(server.heard[0] ?? '', 'latin1').toString('latin1')).toContain(`content-length: 9\r\n\r\n`);
    expect(
      Buffer.from(server.heard[0] ?? '', 'latin1')
        .toString()
        .endsWith('ü€\u{1f600}'),
    ).toBe(true);
    expect(server.heard[0]).toContain('x-a: \u00fc\r\n');
  });

  it('without a body has no length', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const road = roadTo(server.origin);
    await ask(road, { method: 'GET', body: undefined });
    await ask(road, { body: undefined });
    expect(server.heard.join('')).toMatch(/^GET [^]*keep-alive\r\n\r\nPOST [^]*content-length: 0\r\n\r\n$/);
  });

  it('names the host that its headers name', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    await ask(roadTo(server.origin), { headers: ['host', 'tools.test'] });
    expect(server.heard[0]?.match(/host: .*/g)).toEqual(['host: tools.test']);
  });

  it('goes to an address of IPv6', async () => {
    const server = await rawServer((socket) => socket.write(GOOD), '::1');
    expect(await ask(roadTo(server.origin))).toMatchObject({ body: 'good' });
    expect(server.heard[0]).toContain(`host: ${new URL(server.origin).host}\r\n`);
  });

  it.each([
    [{ headers: ['x-a', 'b\r\nx-c: d'] }, 'The header "x-a" has a value'],
    [{ headers: ['x-a\r\n', 'b'] }, 'no name that HTTP allows'],
    [{ headers: ['x a', 'b'] }, 'no name that HTTP allows'],
    [{ headers: ['x-a', '\u20ac'] }, 'The header "x-a" has a value'],
    [{ headers: ['Transfer-Encoding', 'chunked'] }, '"Transfer-Encoding" cannot be set'],
    [{ headers: ['content-length', '1'] }, '"content-length" cannot be set'],
    [{ path: '/a b' }, 'The path of the request'],
    [{ path: '/a\r\nx: y' }, 'The path of the request'],
    [{ path: '*' }, 'The path of the request'],
  ])('that HTTP does not allow is not sent: %j', async (request, words) => {
    const server = await rawServer((socket) => socket.write(GOOD));
    await expect(ask(roadTo(server.origin), request)).rejects.toThrow(words);
    expect(server.heard).toEqual([]);
  });
});

describe('connections', () => {
  it('are kept for the next request, and no more are made than requests are open', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const road = roadTo(server.origin);
    for (let turn = 0; turn < 20; turn += 1) await Promise.all([ask(road), ask(road), ask(road)]);
    expect(server.sockets.length).toBe(3);
  });

  it('are shared by those who go to the same origin', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const connections = roads();
    await ask(connections.roadTo(new URL(server.origin)));
    await ask(connections.roadTo(new URL(`${server.origin}/other`)));
    expect(server.sockets.length).toBe(1);
  });

  it.each([
    ['Connection: close', 2],
    ['connection: Keep-Alive, Close', 2],
    ['connection: closed', 1],
    ['Keep-Alive: timeout=2', 2],
    ['Keep-Alive: max=5, timeout=60', 1],
  ])('are kept or not as the server says: %s', async (field, count) => {
    const server = await rawServer((socket) => socket.write(`HTTP/1.1 200 OK\r\n${field}\r\nContent-Length: 4\r\n\r\ngood`));
    const road = roadTo(server.origin);
    await ask(road);
    await ask(road);
    expect(server.sockets.length).toBe(count);
  });

  it('of HTTP/1.0 are not kept', async () => {
    const server = await rawServer((socket) => socket.write('HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood'));
    const road = roadTo(server.origin);
    await ask(road);
    await ask(road);
    expect(server.sockets.length).toBe(2);
  });

  it('that nobody uses are ended before the server ends them', async () => {
    const server = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3\r\nContent-Length: 4\r\n\r\ngood'));
    await ask(roadTo(server.origin));
    await eventually(() => expect(server.sockets[0]?.closed).toBe(true));
  });

  it('that a server ends after each answer without a word lose no request', async () => {
    const server = await rawServer((socket) => void socket.end(GOOD));
    const road = roadTo(server.origin);
    for (let turn = 0; turn < 50; turn += 1) {
      await ask(road);
      await delay(turn % 3);
    }
    expect(server.sockets.length).toBe(50);
  });

  it('that were ended while the hub was busy are not used', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const road = roadTo(server.origin);
    await warmUp(road);
    const [first] = server.sockets;
    first?.end();
    await new Promise((resolve) => setImmediate(resolve));
    const untilMs = performance.now() + 40;
    while (performance.now() < untilMs);
    expect(await ask(road)).toMatchObject({ body: 'good' });
    expect(server.sockets.length).toBe(2);
  });

  it('that were ended while the hub was busy with what it had read are not used', async () => {
    const worker = new Worker(ENDING_SERVER, { eval: true });
    onTestFinished(async () => void (await worker.terminate()));
    const ended = new Int32Array(new SharedArrayBuffer(4));
    const port = await new Promise<number>((resolve) => worker.once('message', resolve).postMessage(ended, []));
    const road = roadTo(`http://127.0.0.1:${port}`);
    await warmUp(road);
    const busy = await rawServer((socket) => socket.write('now'));
    const answered = new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(busy.origin).port), '127.0.0.1').on('data', () => {
        socket.destroy();
        worker.postMessage('end', []);
        Atomics.wait(ended, 0, 0);
        const untilMs = performance.now() + 40;
        while (performance.now() < untilMs);
        ask(road).then(resolve, reject);
      });
      socket.write('x');
    });
    expect(await answered).toMatchObject({ body: 'good' });
  });

  it('of a server that ends them after every twentieth answer do not cost a request each time', async () => {
    let answers = 0;
    const server = await rawServer((socket) => {
      answers += 1;
      if (answers % 20 === 0) socket.end(GOOD);
      else socket.write(GOOD);
    });
    const road = roadTo(server.origin);
    let lost = 0;
    for (let turn = 0; turn < 400; turn += 1) await ask(road).catch(() => (lost += 1));
    // Twenty were ended.
    expect(lost).toBeLessThan(5);
  });

  it('on which something comes that nobody asked for are ended', async () => {
    const server = await rawServer((socket) => socket.write(GOOD));
    const road = roadTo(server.origin);
    await warmUp(road);
    server.sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await eventually(() => expect(server.sockets[0]?.closed).toBe(true));
    expect(await ask(road)).toMatchObject({ body: 'good' });
  });

  it('on which more comes than the answer are ended, and the answer is an answer', async () => {
    const server = await rawServer((socket) => socket.write(`${GOOD}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`));
    const road = roadTo(server.origin);
    expect([await ask(road), await ask(road)]).toMatchObject([{ body: 'good' }, { body: 'good' }]);
    expect(server.sockets.length).toBe(2);
  });

  it('are ended with the request on them, and with the hub', async () => {
    const server = await rawServer((socket, piece) => void (piece.includes('/slow') ? undefined : socket.write(GOOD)));
    const connections = roads();
    const road = connections.roadTo(new URL(server.origin));
    await Promise.all([ask(road), ask(road)]);
    const slow = ask(road, { path: '/slow' });
    slow.catch(() => undefined);
    await eventually(() => expect(server.heard.join('')).toContain('/slow'));
    connections.close();
    await expect(slow).rejects.toThrow('The hub stops.');
    await expect(ask(road)).rejects.toThrow('The hub stops.');
    await eventually(() => expect(server.sockets.map(({ closed }) => closed)).toEqual([true, true]));
  });
});

describe('an answer that is still being decoded', () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const torn = Buffer.from('this is no gzip');

  it.each([
    ['fails', torn, false],
    ['is taken back', bomb, true],
  ])('and %s does nothing to the next request on its connection', async (_, coded, isCancelled) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`;
    const server = await rawServer((socket, piece) => {
      if (piece.includes('/coded')) socket.write(Buffer.concat([Buffer.from(head), coded]));
      else setTimeout(() => socket.write(GOOD), piece.includes('/slow') ? 60 : 0);
    });
    const road = roadTo(server.origin);
    await warmUp(road);
    let next: Promise<unknown> | undefined;
    const flow = road.send(
      { method: 'POST', path: '/coded', headers: [], body: '{}', silenceMs: 0 },
      {
        head: () => {
          queueMicrotask(() => {
            next = ask(road, { path: '/slow' });
            if (isCancelled) setTimeout(() => flow.cancel(), 1);
          });
        },
        data: () => undefined,
        end: () => undefined,
        failed: () => undefined,
      },
    );
    await eventually(() => expect(next).toBeDefined());
    expect(await next).toMatchObject({ body: 'good' });
    expect(server.sockets.length).toBe(1);
  });
});

describe('a request that fails', () => {
  it('says that nobody listens', async () => {
    const server = await rawServer(() => undefined);
    const { origin } = server;
    await expect(ask(roadTo(origin.replace(/:\d+$/, ':1')))).rejects.toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' });
  });

  it('says that the server has closed the connection', async () => {
    const server = await rawServer((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ngood'));
    await expect(ask(roadTo(server.origin))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('says that the server was silent for too long, before its answer and within it', async () => {
    const server = await rawServer((socket, piece) => void (piece.includes('/half') ? socket.write(GOOD.slice(0, -1)) : undefined));
    const road = roadTo(server.origin);
    await expect(ask(road, { silenceMs: 50 })).rejects.toMatchObject({ code: 'ESOCKETTIMEDOUT' });
    await expect(ask(road, { silenceMs: 50, path: '/half' })).rejects.toMatchObject({ code: 'ESOCKETTIMEDOUT' });
  });

  it('does not go by the silence that another one was allowed', async () => {
    const server = await rawServer((socket, piece) => void setTimeout(() => socket.write(GOOD), piece.includes('/late') ? 120 : 0));
    const road = roadTo(server.origin);
    await ask(road, { silenceMs: 50 });
    expect(await ask(road, { path: '/late' })).toMatchObject({ body: 'good' });
    expect(server.sockets.length).toBe(1);
  });

  it('is taken back before it has a connection, and in the middle of its answer', async () => {
    const server = await rawServer((socket) => socket.write(GOOD.slice(0, -1)));
    const road = roadTo(server.origin);
    const heard: string[] = [];
    const receiver = {
      head: () => void heard.push('head'),
      data: () => void heard.push('data'),
      end: () => void heard.push('end'),
      failed: () => void heard.push('failed'),
    };
    const order: OutgoingRequest = { method: 'POST', path: '/', headers: [], body: '{}', silenceMs: 0 };
    road.send(order, receiver).cancel();
    await delay(20);
    expect(heard).toEqual([]);
    const flow = road.send(order, receiver);
    await eventually(() => expect(heard).toEqual(['head', 'data']));
    flow.cancel();
    flow.pause();
    flow.resume();
    await eventually(() => expect(server.sockets.every(({ closed }) => closed)).toBe(true));
    expect(heard).toEqual(['head', 'data']);
  });
});

describe('an answer', () => {
  it('is all that came before the connection was reset, where it is the end of the connection that ends it', async () => {
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.0 200 OK\r\n\r\ngood');
      setTimeout(() => socket.resetAndDestroy(), 30);
    });
    expect(await ask(roadTo(server.origin))).toMatchObject({ body: 'good' });
  });

  it('stops at the very piece that it is held up at', async () => {
    const server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(5)}0\r\n\r\n`);
    });
    const road = roadTo(server.origin);
    let got = '';
    const flow = road.send(
      { method: 'POST', path: '/', headers: [], body: '{}', silenceMs: 0 },
      {
        head: () => void (got += 'h'),
        data: (piece) => {
          got += piece.toString();
          flow.pause();
        },
        end: () => void (got += '.'),
        failed: () => undefined,
      },
    );
    for (const so of ['ha', 'haa', 'haaa', 'haaaa', 'haaaaa']) {
      await eventually(() => expect(got).toBe(so));
      await delay(5);
      expect(got).toBe(so);
      flow.resume();
    }
    await eventually(() => expect(got).toBe('haaaaa.'));
    expect(await ask(road, { path: '/next' }).then(({ body }) => body)).toBe('aaaaa');
    expect(server.sockets.length).toBe(1);
  });

  it('waits where it is, for as long as it is held up', async () => {
    const size = 32 * 1024 * 1024;
    let sent = 0;
    const server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const piece = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        while (sent < size) {
          sent += piece.length;
          if (!socket.write(piece)) return void socket.once('drain', more);
        }
      };
      more();
    });
    let got = 0;
    const flow = roadTo(server.origin).send(
      { method: 'POST', path: '/', headers: [], body: '{}', silenceMs: 0 },
      {
        head: () => undefined,
        data: (piece) => {
          if (got === 0) flow.pause();
          got += piece.length;
        },
        end: () => void (got += 0.5),
        failed: () => undefined,
      },
    );
    await delay(150);
    expect(got).toBeLessThan(200_000);
    expect(sent).toBeLessThan(size);
    flow.resume();
    await eventually(() => expect(got).toBe(size + 0.5));
  });
});
