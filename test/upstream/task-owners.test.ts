import { expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { TaskOwners } from '../../src/upstream/task-owners.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../src/upstream/index.ts';

const request = (principalId: string, method: string, params: JsonObject): UpstreamRequest => ({
  method,
  params,
  origin: { principalId, era: 'legacy' },
  signal: new AbortController().signal,
});
const answer = (result: JsonObject) => async (): Promise<UpstreamAnswer> => ({ era: 'legacy', outcome: { result } });

/** The tasks of two principals, and one of which nobody knows, at a server that tells of all of them. */
async function scene(): Promise<TaskOwners> {
  const owners = new TaskOwners();
  for (const name of ['ada', 'bob']) {
    await owners.send(request(name, 'tools/call', { name: 't', task: {} }), answer({ task: { taskId: `of-${name}` } }));
  }
  return owners;
}
const all = answer({ tasks: ['of-ada', 'of-bob', 'unknown'].map((taskId) => ({ taskId })), nextCursor: 'x' });

it.each([
  ['ada', ['of-ada']],
  ['bob', ['of-bob']],
  ['cleo', []],
  ['local', ['unknown']],
])('shows %s its own tasks, and the owner of the hub those of which nobody knows', async (principal, taskIds) => {
  const { outcome } = await (await scene()).send(request(principal, 'tasks/list', {}), all);
  expect(outcome.result).toEqual({ tasks: taskIds.map((taskId) => ({ taskId })), nextCursor: 'x' });
});

it.each(['tasks/get', 'tasks/result', 'tasks/cancel'])('has no task of another principal for %s', async (method) => {
  const owners = await scene();
  let sent = 0;
  const send = async (): Promise<UpstreamAnswer> => {
    sent += 1;
    return { era: 'legacy', outcome: { result: {} } };
  };
  const refused = await owners.send(request('bob', method, { taskId: 'of-ada' }), send);
  expect([refused.outcome.error, sent]).toEqual([{ code: -32602, message: 'Unknown task: of-ada.', data: { taskId: 'of-ada' } }, 0]);
  for (const taskId of ['of-bob', 'unknown']) await owners.send(request('bob', method, { taskId }), send);
  expect(sent).toBe(2);
});

it('addresses what is told of a task to whose it is', async () => {
  const owners = await scene();
  const event = (method: string, params: JsonObject) => owners.addressed({ id: 's', notification: { jsonrpc: '2.0', method, params } });
  expect(event('notifications/tasks/status', { taskId: 'of-ada' }).principalId).toBe('ada');
  expect(event('notifications/tasks/status', { taskId: 'unknown' }).principalId).toBe('local');
  expect(event('notifications/message', { taskId: 'of-ada' }).principalId).toBeUndefined();
});

it('leaves an answer without tasks as it is, and concerns nothing else', async () => {
  const owners = new TaskOwners();
  const refused: UpstreamAnswer = { era: 'legacy', outcome: { error: { code: -32601, message: 'no' } } };
  expect(await owners.send(request('ada', 'tasks/list', {}), async () => refused)).toEqual(refused);
  const concerns = (method: string, params: JsonObject): boolean => TaskOwners.concerns(request('ada', method, params));
  expect([concerns('tools/call', {}), concerns('tools/call', { task: {} }), concerns('tasks/get', {})]).toEqual([false, true, true]);
});
