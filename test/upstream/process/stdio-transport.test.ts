import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createLogger, type HubError, isHubError, type LogRecord, systemClock } from '../../../src/base/index.ts';
import { type Message, request, type RequestId } from '../../../src/protocol/index.ts';
import type { StdioLaunch } from '../../../src/upstream/index.ts';
import { ProcessGuard } from '../../../src/upstream/process/process-guard.ts';
import { StartTurns } from '../../../src/upstream/process/start-turns.ts';
import { StdioTransport, type StdioTransportOptions } from '../../../src/upstream/process/stdio-transport.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { commandLaunch, fixtureLaunch, scriptLaunch } from '../../support/fixtures.ts';
import { eventually } from '../../support/processes.ts';

const records: LogRecord[] = [];
const logger = createLogger([(record) => void records.push(record)]);
const guard = new ProcessGuard({ logger, clock: systemClock });
const opened: StdioTransport[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  await Promise.all(opened.splice(0).map((transport) => transport.close()));
  records.length = 0;
});
afterAll(() => guard.close());

async function open(launch: StdioLaunch, options: Partial<StdioTransportOptions> = {}) {
  const grace = { inputEndMs: 200, terminateMs: 200, killMs: 500 };
  const transport = new StdioTransport({ id: 'files', launch, guard, clock: systemClock, logger, grace, ...options });
  opened.push(transport);
  const messages: Message[] = [];
  const failed: { id: RequestId; error: HubError }[] = [];
  const closed: HubError[] = [];
  transport.on('message', ({ message }) => void messages.push(message));
  transport.on('requestFailed', (event) => void failed.push(event));
  transport.on('closed', (error) => void closed.push(error));
  await transport.open(never);
  const answer = (id: number): Promise<Message> => eventually(`answer ${id}`, () => messages.find((one) => 'id' in one && one.id === id));
  return { transport, messages, failed, closed, answer };
}

const echo = (id: number, text: string) => request(id, 'tools/call', { name: 'echo', arguments: { text } });
const textOf = (message: Message): string => JSON.parse(JSON.stringify(message)).result.content[0].text;

describe('StdioTransport', () => {
  it('begins when it has its turn, and lets the next one begin with its first word or its failure', async () => {
    // A clock that stands still: no turn ends by itself.
    const turns = new StartTurns({ clock: new FakeClock(), atOnce: 1 });
    const { transport, answer } = await open(fixtureLaunch('echo'), { turns });
    const second = open(commandLaunch('/no/such/command'), { turns }).catch((error: unknown) => error);
    const third = open(fixtureLaunch('echo'), { turns });
    const given = new StdioTransport({ id: 'given up', launch: fixtureLaunch('echo'), guard, clock: systemClock, logger, turns });
    const opening = given.open(never).catch((error: unknown) => error);
    await given.close();
    const last = open(fixtureLaunch('echo'), { turns });
    await transport.send(echo(1, 'first'));
    await answer(1);
    expect(await second).toMatchObject({ code: 'CONNECTION_ERROR' });
    const next = await third;
    await next.transport.send(echo(2, 'third'));
    await next.answer(2);
    expect(await opening).toMatchObject({ code: 'CONNECTION_ERROR' });
    expect([given.pid, (await last).transport.pid]).toEqual([undefined, expect.any(Number)]);
  });

  it('carries messages there and back unchanged', async () => {
    const { transport, answer } = await open(fixtureLaunch('echo'));
    await transport.send(echo(1, 'Grüße\n€ 😀\u2028'));
    expect(JSON.parse(JSON.stringify(await answer(1)))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { content: [{ type: 'text', text: 'Grüße\n€ 😀\u2028' }] },
    });
    expect(transport.noiseCount).toBe(0);
  });

  it('writes every message as one line for any reader of lines', async () => {
    const answerOf =
      'JSON.stringify({ jsonrpc: "2.0", id: 1, result: { raw: /[\\u2028\\u2029]/.test(line), text: JSON.parse(line).params.arguments.text } })';
    const { transport, answer } = await open(
      scriptLaunch(`process.stdin.setEncoding('utf8').on('data', (line) => process.stdout.write(${answerOf} + '\\n'))`),
    );
    await transport.send(echo(1, 'a\u2028b\u2029c'));
    expect(await answer(1)).toMatchObject({ result: { raw: false, text: 'a\u2028b\u2029c' } });
  });

  it('reads on through noise, and counts it', async () => {
    const { transport, messages, answer } = await open(fixtureLaunch('noisy-stdout'));
    await transport.send(echo(1, 'a'));
    expect(textOf(await answer(1))).toBe('a');
    expect(messages).toHaveLength(1);
    expect(transport.noiseCount).toBe(7);
    expect(transport.firstNoise).toBe('=== Noisy server 1.0 ===');
  });

  it('unpacks batches, and takes a BOM and a last line without end', async () => {
    const batch = '[{"jsonrpc":"2.0","method":"a"},7,{"jsonrpc":"2.0","method":"b"}]';
    const { transport, messages, closed } = await open(
      scriptLaunch(`process.stdout.write('\\uFEFF' + ${JSON.stringify(`${batch}\n[]\n{"jsonrpc":"2.0","method":"c"}`)})`),
    );
    await eventually('the end', () => closed.length > 0);
    expect(messages.map((message) => 'method' in message && message.method)).toEqual(['a', 'b', 'c']);
    expect(transport.noiseCount).toBe(2);
  });

  it('carries 10 MB of three-byte characters both ways', async () => {
    const { transport, answer } = await open(fixtureLaunch('echo'));
    const text = '€'.repeat(3_500_000);
    const startMs = Date.now();
    await transport.send(echo(1, text));
    expect(textOf(await answer(1)) === text).toBe(true);
    expect(Date.now() - startMs).toBeLessThan(5_000);
  });

  it('skips an answer over the limit, and fails its request with words', async () => {
    const { transport, failed, answer } = await open(fixtureLaunch('big'), { maxLineBytes: 1024 * 1024 });
    await transport.send(request(1, 'tools/call', { name: 'big', arguments: { bytes: 3 * 1024 * 1024 } }));
    await transport.send(request(2, 'tools/call', { name: 'big', arguments: { bytes: 3 } }));
    expect(textOf(await answer(2))).toBe('xxx');
    expect(failed.map(({ id, error }) => [id, error.code])).toEqual([[1, 'UPSTREAM_PROTOCOL']]);
    expect(failed[0]?.error.message).toContain('"files" sent a message of 3.0 MiB, over the limit of 1.0 MiB');
    expect(records.filter((record) => record.type === 'warn')).toHaveLength(1);
    expect(transport.noiseCount).toBe(1);
  });

  it('fails the request that is answered with what is no response, and names what is wrong', async () => {
    const lines = [
      '{"jsonrpc":"2.0","id":1,"result":"hello"}',
      '{"level":"info","id":2,"error":"sesame"}',
      '[{"jsonrpc":"2.0","id":3,"error":"The key sesame is no good."},{"jsonrpc":"2.0","id":2,"result":{}}]',
    ];
    const script = `process.stdin.once('data', () => process.stdout.write(${JSON.stringify(`${lines.join('\n')}\n`)})).resume()`;
    const { transport, failed, answer } = await open(scriptLaunch(script, { secret: 'sesame' }));
    for (const id of [1, 2, 3]) transport.send(request(id, 'tools/call'));
    await answer(2);
    expect(failed.map(({ id, error }) => [id, error.code, error.message])).toEqual([
      [
        1,
        'UPSTREAM_PROTOCOL',
        expect.stringContaining('Server "files" sent an answer that is no JSON-RPC response: its "result" is a text, not an object.'),
      ],
      [3, 'UPSTREAM_PROTOCOL', expect.stringMatching(/its "error" is a text, not an object\. It says: The key \[redacted\] is no good\. /)],
    ]);
    expect(transport.noiseCount).toBe(3);
  });

  it('tells the exit code and the last words of a server that dies', async () => {
    const { closed } = await open(fixtureLaunch('exit-on-start'));
    await eventually('the end', () => closed.length > 0);
    expect(closed).toHaveLength(1);
    expect(closed[0]?.code).toBe('UPSTREAM_EXITED');
    expect(closed[0]?.message).toBe('Server "files" exited with code 3. Its last output was:\n  Error: the database is not reachable');
    expect(closed[0]?.details).toMatchObject({ server: 'files', exitCode: 3, signal: null });
    expect(closed[0]?.details['stderr']).toContain('    at connect (db.js:1:1)');
  });

  it('tells the exit, not the broken pipe, to whoever writes to a server that is going', async () => {
    const { transport, closed } = await open(scriptLaunch("require('fs').closeSync(0); setTimeout(() => process.exit(3), 150)"));
    const exit = { code: 'UPSTREAM_EXITED', message: 'Server "files" exited with code 3.' };
    let error: unknown;
    while (error === undefined) error = await transport.send({ jsonrpc: '2.0', method: 'x' })?.catch((reason: unknown) => reason);
    expect(error).toMatchObject(exit);
    // Who sent a request hears it with all others that wait for answers.
    expect(closed).toMatchObject([exit]);
    await expect(transport.send(echo(2, 'y'))).rejects.toMatchObject({ code: 'CONNECTION_ERROR' });
  });

  it('ends for a request whose pipe is broken as for anything else', async () => {
    const { transport, closed } = await open(scriptLaunch("require('fs').closeSync(0); setInterval(() => {}, 1e6)"));
    const timer = setInterval(() => void transport.send(echo(1, 'x'))?.catch(() => {}), 5);
    await eventually('the end', () => closed.length > 0);
    clearInterval(timer);
    expect(closed).toMatchObject([{ code: 'UPSTREAM_EXITED' }]);
  });

  it.each([
    ['noise', 'y'],
    ['notifications', '{"jsonrpc":"2.0","method":"x"}'],
    ['answers to nothing', '{"jsonrpc":"2.0","id":1,"result":{}}'],
  ])('slows a flood of %s down, and not the hub', async (_, line) => {
    const startedMs = Date.now();
    const { transport, messages } = await open(commandLaunch('yes', [line]));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 10);
    const lines = (): number => transport.noiseCount + messages.length;
    try {
      // A second on a quick machine; on a busy one neither gets as much of it.
      await eventually('a flood, and turns for others in it', () => Date.now() > startedMs + 1_000 && turns > 20 && lines() > 1_000);
    } finally {
      clearInterval(timer);
    }
    // Some ten thousand lines in each window of 100 ms; unbounded it would be far more.
    const windows = 2 + (Date.now() - startedMs) / 100;
    expect(lines()).toBeLessThan(windows * 15_000);
  });

  it('tells the signal that ended a server', async () => {
    const { transport, closed } = await open(fixtureLaunch('echo'));
    process.kill(transport.pid ?? 0, 'SIGKILL');
    await eventually('the end', () => closed.length > 0);
    expect(closed[0]?.message).toContain('was ended by the signal SIGKILL (often the system does that when memory runs out)');
  });

  it('gives a crash its answer first: what was written before the end arrives before closed', async () => {
    const { transport, messages, closed } = await open(fixtureLaunch('crash-after', [1]));
    await transport.send(echo(1, 'a'));
    await transport.send(echo(2, 'b'));
    await eventually('the end', () => closed.length > 0);
    expect(messages).toHaveLength(1);
    expect(closed[0]?.details['exitCode']).toBe(7);
    await expect(transport.send(echo(3, 'c'))).rejects.toSatisfy((error) => isHubError(error, 'CONNECTION_ERROR'));
  });

  it('ends a server that closes its output or input and stays', async () => {
    for (const script of [
      "require('fs').closeSync(1); setInterval(() => {}, 1e6)",
      "require('fs').closeSync(0); setInterval(() => {}, 1e6)",
    ]) {
      const { transport, closed } = await open(scriptLaunch(`setTimeout(() => { ${script} }, 50)`));
      const timer = setInterval(() => void transport.send(echo(1, 'x'))?.catch(() => {}), 20);
      await eventually('the end', () => closed.length > 0);
      clearInterval(timer);
      expect(closed[0]?.code).toBe('UPSTREAM_EXITED');
      expect(closed[0]?.message).toContain('closed its standard input or output');
    }
  });

  it('limits what waits for a server that does not read', async () => {
    const { transport } = await open(scriptLaunch('setInterval(() => {}, 1e6)'), { maxQueuedBytes: 1_000_000 });
    const note = { jsonrpc: '2.0', method: 'x', params: { text: 'x'.repeat(400_000) } } as const;
    const sent = [note, note].map((one) => Promise.resolve(transport.send(one)));
    await expect(transport.send(note)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('does not read its input'),
    });
    await expect(transport.send(echo(1, 'x'.repeat(400_000)))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const results = Promise.allSettled(sent);
    await transport.close();
    // What could not be written any more was not delivered, and says so.
    const lost = (await results).filter((one) => one.status === 'rejected').map(({ reason }) => reason);
    expect(lost.length).toBeGreaterThan(0);
    for (const error of lost) expect(error).toMatchObject({ code: 'CONNECTION_ERROR' });
  });

  it('closes once, with no error of the server', async () => {
    const { transport, closed } = await open(fixtureLaunch('echo'));
    await Promise.all([transport.close(), transport.close()]);
    expect(closed.map((error) => error.message)).toEqual(['Server "files" was stopped by the hub.']);
    await expect(transport.send(echo(1, 'x'))).rejects.toThrow(/has ended or is ending/);
  });

  it('rejects open for a command that is not there, and for an aborted signal', async () => {
    await expect(open(commandLaunch('no-such-command'))).rejects.toThrow(/not found on its PATH/);
    const reason = new Error('given up');
    const transport = new StdioTransport({ id: 'x', launch: fixtureLaunch('echo'), guard, clock: systemClock, logger });
    await expect(transport.open(AbortSignal.abort(reason))).rejects.toBe(reason);
    const abort = new AbortController();
    const opening = transport.open(abort.signal);
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(transport.stderrTail()).toEqual([]);
  });
});
