import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/protocol/index.ts';
import { at } from '../../support/era-pairs.ts';
import { openMatrix } from '../../support/matrix.ts';
import { newMark } from '../../support/matrix-questions.ts';
import type { WireClient } from '../../support/wire-client.ts';

const feature = openMatrix();
const LOG_LEVEL = 'io.modelcontextprotocol/logLevel';

feature('progress', (cell) => {
  it.each(['same', '7', 7, 0, -1])(
    'with the token %j: order, values and texts are the server’s, for each of two callers its own',
    async (token) => {
      const steps = async (client: WireClient, own: (item: string) => string, who: string) => {
        const { notes, response } = await client.call(
          'tools/call',
          { name: own('steps'), arguments: { who } },
          { meta: { progressToken: token } },
        );
        return { notes, result: response['result'] };
      };
      const [one, other] = [await cell.viaHub(), await cell.viaHub()];
      const told = await Promise.all([steps(one, cell.own, 'one'), steps(other, cell.own, 'other')]);
      const direct = [await steps(await cell.direct(), String, 'one'), await steps(await cell.direct(), String, 'other')];
      expect(direct[0]?.notes.map(({ params }) => params)).toEqual(
        [1, 2, 3].map((progress) => ({ progressToken: token, progress, total: 3, message: 'one', 'x-new': progress })),
      );
      expect(told.map(({ notes }) => notes)).toEqual(direct.map(({ notes }) => notes));
      expect(told.map(({ result }) => result)).toEqual(direct.map(({ result }) => cell.asDocumented(result, 'tools/call')));
    },
  );

  const OTHERS: [string, (own: (item: string) => string) => JsonObject][] = [
    ['prompts/get', (own) => ({ name: own('greet'), arguments: {} })],
    ['resources/read', () => ({ uri: cell.uri('one') })],
    ['completion/complete', (own) => ({ ref: { type: 'ref/prompt', name: own('greet') }, argument: { name: 'who', value: '' } })],
  ];
  it.each(OTHERS)('%s tells of it as well', async (method, paramsOf) => {
    const { viaHub, direct } = await cell.both(async (client, own) => {
      const { notes, response } = await client.call(method, paramsOf(own), { meta: { progressToken: 'tok' } });
      return { notes, result: response['result'] };
    });
    expect(direct.notes.map(({ params }) => params)).toEqual([{ progressToken: 'tok', progress: 0.5 }]);
    expect(viaHub.notes).toEqual(direct.notes);
    expect(viaHub.result).toEqual(cell.asDocumented(direct.result, method));
  });

  it('nothing comes once the answer is there, and none without a token', async () => {
    const client = await cell.viaHub();
    const params = { name: cell.own('steps'), arguments: { who: 'one', late: true } };
    expect((await client.call('tools/call', params, { meta: { progressToken: 't' } })).notes).toHaveLength(3);
    expect((await client.call('tools/call', params)).notes).toEqual([]);
    await client.call('tools/call', { name: cell.own('logs'), arguments: {} });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(client.changes.filter(({ method }) => method === 'notifications/progress')).toEqual([]);
  });
});

feature('cancel', (cell) => {
  it('the server is told in the way of its era and transport, with its own id, and the connection lives on', async () => {
    const mark = newMark();
    const client = await cell.viaHub();
    const pid = async () => {
      const { response } = await client.call('tools/call', { name: cell.own('echo'), arguments: {} });
      return at(response, 'result', 'structuredContent', 'pid');
    };
    const handshakes = async () => (await cell.recorded(cell.era === 'legacy' ? 'initialize' : 'server/discover')).length;
    const before = [await pid(), await handshakes()];
    const hanging = client.start('tools/call', { name: cell.own('hangs'), arguments: { mark } });
    const seen = async () => (await cell.recorded('tools/call')).filter(({ params }) => at(params, 'arguments', 'mark') === mark);
    await expect.poll(async () => (await seen()).length).toBe(1);
    await hanging.cancel();
    await expect(hanging.done).rejects.toBeDefined();
    const takenBack = async () => (await cell.recorded('hangs was taken back')).filter(({ params }) => at(params, 'mark') === mark);
    await expect.poll(async () => (await takenBack()).length).toBe(1);
    const [call] = await seen();
    const told = (await cell.recorded('notifications/cancelled')).filter(({ params }) => at(params, 'requestId') === call?.['id']);
    // Spec 2026-07-28 basic/patterns/cancellation: "Closing the SSE response stream is the cancellation signal. […] No
    // `notifications/cancelled` message is required or expected."
    expect(told).toHaveLength(cell.era === 'modern' && cell.transport === 'http' ? 0 : 1);
    expect([await pid(), await handshakes()]).toEqual(before);
  });

  it('only the one call is taken back', async () => {
    const marks = [newMark(), newMark()];
    const clients = [await cell.viaHub(), await cell.viaHub()];
    const params = (mark: string | undefined) => ({ name: cell.own('hangs'), arguments: { mark } });
    const running = clients.map((client, index) => client.start('tools/call', params(marks[index]), { id: 1 }));
    const seen = async (method: string, ...path: string[]) =>
      (await cell.recorded(method)).map(({ params }) => at(params, ...path)).filter((mark) => marks.includes(String(mark)));
    await expect.poll(() => seen('tools/call', 'arguments', 'mark')).toHaveLength(2);
    await running[1]?.cancel();
    await expect.poll(() => seen('hangs was taken back', 'mark')).toEqual([marks[1]]);
    await running[0]?.cancel();
    await expect.poll(() => seen('hangs was taken back', 'mark')).toEqual([marks[1], marks[0]]);
  });

  it('a client that cancels what is over, or what never was, is not answered and harms nothing', async () => {
    const client = await cell.viaHub();
    const echo = { name: cell.own('echo'), arguments: {} };
    const { id, done } = client.start('tools/call', echo);
    await done;
    for (const requestId of [id, 'never']) await client.notify('notifications/cancelled', { requestId });
    expect((await client.call('tools/call', echo)).response).toHaveProperty('result');
  });
});

/** Calls tool `logs` so that messages from `level` up are wanted, in the way of the client's era. */
async function logsFrom(client: WireClient, name: string, level: string | undefined): Promise<readonly JsonObject[]> {
  if (client.era === 'legacy' && level !== undefined) await client.call('logging/setLevel', { level });
  const meta = client.era === 'modern' && level !== undefined ? { meta: { [LOG_LEVEL]: level } } : {};
  return (await client.call('tools/call', { name, arguments: { mark: 'm' } }, meta)).notes;
}

feature('log', (cell) => {
  it.each(['debug', 'error', 'emergency'])('from the level %s up, untouched, on the stream of the call', async (level) => {
    const { viaHub, direct } = await cell.both((client, own) => logsFrom(client, own('logs'), level));
    expect(direct[0]?.['params']).toEqual({ level, logger: 'recorder', data: { mark: 'm', level } });
    expect(viaHub).toEqual(direct);
  });

  it('to each client from its own level up, one after the other', async () => {
    const [coarse, fine] = [await cell.viaHub(), await cell.viaHub()];
    const levels = async (client: WireClient, level?: string) =>
      (await logsFrom(client, cell.own('logs'), level)).map(({ params }) => at(params, 'level'));
    expect(await levels(coarse, 'alert')).toEqual(['alert', 'emergency']);
    expect(await levels(fine, 'critical')).toEqual(['critical', 'alert', 'emergency']);
    // A session keeps its level; a modern request has none but its own.
    expect(await levels(coarse)).toEqual(cell.clientEra === 'legacy' ? ['alert', 'emergency'] : []);
    expect([...coarse.changes, ...fine.changes]).toEqual([]);
  });

  it.runIf(cell.clientEra === 'modern')('on no stream but that of the call, and by no method of its own', async () => {
    // Spec 2026-07-28 server/utilities/logging: "the server MUST NOT deliver it on a `subscriptions/listen` stream or on any stream
    // other than the one carrying the response to the request that set the log level."
    const [listening, quiet] = [await cell.viaHub(), await cell.viaHub()];
    const stop = await listening.listen({ toolsListChanged: true });
    await logsFrom(await cell.viaHub(), cell.own('logs'), 'debug');
    expect((await quiet.call('tools/call', { name: cell.own('logs'), arguments: {} })).notes).toEqual([]);
    expect(listening.changes.map(({ method }) => method)).toEqual(['notifications/subscriptions/acknowledged']);
    await stop();
    // Spec 2026-07-28 changelog: "Remove `ping`, `logging/setLevel`, and `notifications/roots/list_changed`."
    const { status, response } = await quiet.call('logging/setLevel', { level: 'debug' });
    expect([status, at(response, 'error', 'code')]).toEqual([404, -32601]);
  });

  it.runIf(cell.era === 'legacy' && cell.transport === 'stdio')(
    'what belongs to no call goes to sessions, and to no modern client',
    async () => {
      const client = await cell.viaHub();
      const isSession = cell.clientEra === 'legacy';
      const stop = await client.listen({ toolsListChanged: true });
      if (isSession) await client.call('logging/setLevel', { level: 'alert' });
      await client.call(
        'tools/call',
        { name: cell.own('logs'), arguments: { late: true } },
        isSession ? {} : { meta: { [LOG_LEVEL]: 'debug' } },
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      const late = client.changes.filter(({ method }) => method === 'notifications/message').map(({ params }) => params);
      expect(late).toEqual(isSession ? [{ level: 'alert', data: 'late' }] : []);
      await stop();
    },
  );

  it('at no level that there is not', async () => {
    const client = await cell.viaHub();
    const invalid =
      cell.clientEra === 'legacy'
        ? client.call('logging/setLevel', { level: 'loud' })
        : client.call('tools/call', { name: cell.own('logs'), arguments: {} }, { meta: { [LOG_LEVEL]: 'loud' } });
    expect((await invalid).response['error']).toMatchObject({ code: -32602 });
  });
});
