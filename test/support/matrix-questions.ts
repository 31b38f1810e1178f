import { expect, it } from 'vitest';
import { isObject, type JsonObject, type JsonValue } from '../../src/protocol/index.ts';
import { at } from './era-pairs.ts';
import { ABLE, type Cell } from './matrix.ts';
import { Refusal, type Reply } from './wire-client.ts';

export interface QuestionSample {
  readonly method: string;
  readonly params?: JsonObject;
}

/** The same question as it leaves a server of the cell's era. */
type OfEra = (cell: Cell) => QuestionSample;

const ENDED = 'asks was answered';
let marks = 0;
/** A word that no other call has. */
export const newMark = (): string => `mark ${(marks += 1)}`;

/** A question as the client of the cell is to get it: untouched, but for what the other era does not have. */
function asked({ clientEra, era }: Cell, { method, params }: QuestionSample): object {
  if (params?.['mode'] !== 'url' || clientEra === era) return { method, params };
  const { elicitationId: _id, ...rest } = params;
  // Spec 2026-07-28 changelog: "Remove […] the `elicitationId` field of URL mode elicitation requests".
  if (clientEra === 'modern') return { method, params: rest };
  return { method, params: { ...rest, elicitationId: expect.stringMatching(/./) as string } };
}

/** A tool asks `question`, gets `answer`, and both travel as if nothing were between. */
export function itAsks(what: string, cell: Cell, question: OfEra, answer: JsonObject): void {
  it(`${what}: the question and the answer arrive as with nothing between`, async () => {
    const sample = question(cell);
    const args = { rounds: [{ q: sample }] as unknown as JsonValue };
    const script = await cell.both(
      async (client, own) => {
        const told = await client.call('tools/call', { name: own('asks'), arguments: args });
        return { asked: client.asked, result: told.response['result'], error: told.response['error'] };
      },
      { reply: () => answer },
    );
    expect(script.direct).toMatchObject({ asked: [sample], result: { structuredContent: { answers: { q: answer } } }, error: undefined });
    expect(script.viaHub.error).toBeUndefined();
    expect(script.viaHub.result).toEqual(cell.asDocumented(script.direct.result, 'tools/call'));
    expect(script.viaHub.asked).toEqual([asked(cell, sample)]);
  });
}

/** A client that did not declare what `question` needs is not asked, and neither side waits. */
export function itAsksNobodyWho(lacks: string, cell: Cell, question: OfEra, capabilities: JsonObject, required: JsonObject): void {
  it(`${lacks}: is not asked, and the server learns of it at once`, async () => {
    const mark = newMark();
    const client = await cell.viaHub({ capabilities });
    const args = { rounds: [{ q: question(cell) }] as unknown as JsonValue, mark };
    const { status, response } = await client.call('tools/call', { name: cell.own('asks'), arguments: args });
    expect(client.asked).toEqual([]);
    expect({ status, error: response['error'] }).toEqual(refusal(cell, required));
    const answered = async () => (await cell.recorded(ENDED)).map(({ params }) => params).filter((params) => at(params, 'mark') === mark);
    const error = { code: expect.any(Number) as number, message: expect.any(String) as string };
    // Spec 2025-11-25 basic/lifecycle: both parties must "Only use capabilities that were successfully negotiated".
    await expect.poll(answered).toEqual(cell.era === 'legacy' ? [{ mark, answers: { q: { error } } }] : []);
  });
}

/** What a client gets that cannot be asked for what the server needs. */
function refusal({ clientEra, era }: Cell, requiredCapabilities: JsonObject): object {
  // The server had its error and did without; that it may is what `parking.test.ts` has besides.
  if (era === 'legacy') return { status: 200, error: undefined };
  const error = { message: expect.any(String) as string, data: { requiredCapabilities } };
  // The code -32021 is the modern era's alone.
  if (clientEra === 'legacy') return { status: 200, error: { ...error, code: -32603 } };
  // Spec 2026-07-28 basic/index: "(`-32021`) whose `data.requiredCapabilities` lists the missing capabilities. On HTTP, the
  // response status MUST be `400 Bad Request`."
  return { status: 400, error: { ...error, code: -32021 } };
}

/** A client that answers with an error; in the modern era it has no way to. */
export function itIsRefused(cell: Cell, question: OfEra): void {
  it.runIf(cell.clientEra === 'legacy')('a refusal reaches the server as it is, or ends a call that it cannot reach', async () => {
    const error = { code: -1, message: 'The user rejected the request.', data: { why: [null] } };
    const reply = (): never => {
      throw new Refusal(error);
    };
    const client = await cell.viaHub({ reply });
    const args = { rounds: [{ q: question(cell) }] as unknown as JsonValue };
    const { response } = await client.call('tools/call', { name: cell.own('asks'), arguments: args });
    // Spec 2026-07-28 basic/patterns/mrtr: in `inputResponses` "values are the client's result for each request": no error has a place
    // there, so the call ends and says why.
    const ending: unknown = expect.stringContaining(error.message);
    const told = cell.era === 'legacy' ? at(response, 'result', 'structuredContent', 'answers', 'q') : String(at(textOf(response), 'text'));
    expect(told).toEqual(cell.era === 'legacy' ? { error } : ending);
    expect(at(response, 'result', 'isError')).toBe(cell.era === 'legacy' ? undefined : true);
  });
}

const textOf = (response: JsonObject): unknown => Object(at(response, 'result', 'content'))[0];

/** What is open when the call is taken back ends with it. */
export function itTakesBack(cell: Cell, question: OfEra, answer: JsonObject): void {
  const takenBack = async (mark: string) =>
    (await cell.recorded('hangs was taken back')).filter(({ params }) => at(params, 'mark') === mark).length;

  it('a call that is taken back after the answer is taken back at the server too', async () => {
    const mark = newMark();
    const client = await cell.viaHub({ reply: () => answer });
    const params = { name: cell.own('asks'), arguments: { rounds: [{ q: question(cell) }] as unknown as JsonValue, hang: true, mark } };
    const first = client.start('tools/call', params);
    let last = first;
    if (cell.clientEra === 'modern') {
      const { response } = await first.done;
      last = client.start('tools/call', { ...params, ...(await client.answers(response['result'] as JsonObject)) });
    }
    const answered = async () => (await cell.recorded(ENDED)).filter(({ params: noted }) => at(noted, 'mark') === mark).length;
    await expect.poll(answered).toBe(1);
    await last.cancel();
    await expect.poll(() => takenBack(mark)).toBe(1);
    const after = await client.call('tools/call', { name: cell.own('echo'), arguments: {} });
    expect(after.response).toHaveProperty('result');
  });

  it.runIf(cell.clientEra === 'legacy')('a question that nobody waits for any more is taken back', async () => {
    const never = new Promise<JsonObject>(() => undefined);
    const client = await cell.viaHub({ reply: () => never });
    const params = { name: cell.own('asks'), arguments: { rounds: [{ q: question(cell) }] as unknown as JsonValue, mark: newMark() } };
    const call = client.start('tools/call', params);
    await expect.poll(() => client.asked.length).toBe(1);
    await call.cancel();
    await expect.poll(() => client.takenBack.length).toBe(1);
  });
}

/** Several questions at once and one after the other, and by prompts and resources. */
export function itAsksInEveryWay(cell: Cell, question: OfEra, answer: JsonObject): void {
  const { method: kind } = question(cell);
  const others: Record<string, JsonObject> = { 'roots/list': { roots: [] }, 'elicitation/create': { action: 'decline' } };
  const reply: Reply = (method) => (method === kind ? answer : (others[method] ?? {}));

  it('several questions at once, and further rounds', async () => {
    const rounds = [{ a: question(cell), b: { method: 'roots/list' } }, { c: question(cell) }] as unknown as JsonValue;
    const { viaHub, direct } = await cell.both(
      async (client, own) => {
        const { response } = await client.call('tools/call', { name: own('asks'), arguments: { rounds } });
        return { asked: client.asked.map(({ method }) => method).sort(), result: response['result'] };
      },
      { reply },
    );
    expect(direct.asked).toHaveLength(3);
    expect(viaHub.asked).toEqual(direct.asked);
    expect(viaHub.result).toEqual(cell.asDocumented(direct.result, 'tools/call'));
  });

  it('progress goes on from round to round, with the token of the client', async () => {
    const { viaHub, direct } = await cell.both(
      async (client, own) => {
        const params = { name: own('asks'), arguments: { rounds: [{ q: question(cell) }] as unknown as JsonValue } };
        return (await client.call('tools/call', params, { meta: { progressToken: 'tok' } })).notes;
      },
      { reply },
    );
    expect(direct.map(({ params }) => params)).toEqual([1, 2].map((progress) => ({ progressToken: 'tok', progress })));
    expect(viaHub).toEqual(direct);
  });

  it.each(['prompts/get', 'resources/read'])('%s asks as well', async (method) => {
    const { viaHub, direct } = await cell.both(
      async (client, own) => {
        const prompt = { name: own('asks_first'), arguments: { rounds: JSON.stringify([{ q: question(cell) }]) } };
        const { response } = await client.call(method, method === 'prompts/get' ? prompt : { uri: cell.uri('asks') });
        return { asked: client.asked.length, result: response['result'] };
      },
      { reply },
    );
    expect(direct).toMatchObject({ asked: 1 });
    expect(isObject(viaHub.result) && viaHub.result).toEqual(cell.asDocumented(direct.result, method));
    expect(viaHub.asked).toBe(1);
  });
}

/** All that can be declared without one of it. */
export function ableWithout(name: string, part?: string): JsonObject {
  const { [name]: whole, ...others } = ABLE;
  if (part === undefined || !isObject(whole)) return others;
  const { [part]: _part, ...parts } = whole;
  return { ...others, [name]: parts };
}
