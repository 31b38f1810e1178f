import { describe, expect, it } from 'vitest';
import { exposedTaskId, routeTask, taskOf, withExposedTaskId } from '../../src/gateway/task-ids.ts';

const SERVERS = ['a', 'a:b', 'a%3Ab', 'a__b', 'ümlaut', ''];
const IDS = ['1', '', 'b:1', ':', 'a:1', '%3A', 'a__b__1', '日本'];

describe('task ids', () => {
  it('lead back to their server, whatever servers and ids look like', () => {
    const exposed = SERVERS.flatMap((serverId) => IDS.map((taskId) => ({ serverId, taskId, id: exposedTaskId(serverId, taskId) })));
    for (const { id, ...task } of exposed) expect(taskOf(id, SERVERS)).toEqual(task);
    expect(new Set(exposed.map(({ id }) => id)).size).toBe(exposed.length);
  });

  it.each([
    ['a', 't', 'a:t'],
    ['a:b', 't', 'a%3Ab:t'],
    ['100%', 't:1', '100%25:t:1'],
  ])('of %s, %s is %s', (serverId, taskId, exposed) => {
    expect(exposedTaskId(serverId, taskId)).toBe(exposed);
  });

  it.each([['none'], ['gone:1'], ['A:1']])('%s belongs to nobody', (exposed) => {
    expect(taskOf(exposed, SERVERS)).toBeUndefined();
    expect(() => routeTask(SERVERS, 'tasks/get', { taskId: exposed })).toThrow(expect.objectContaining({ code: 'VALIDATION_ERROR' }));
  });

  it('of another type than text are refused', () => {
    for (const params of [{}, { taskId: 1 }, { taskId: null }]) {
      expect(() => routeTask(SERVERS, 'tasks/get', params)).toThrow('params.taskId');
    }
  });

  it('stay out of results that have none', () => {
    expect(withExposedTaskId({ resultType: 'complete' }, 'a')).toEqual({ resultType: 'complete' });
    expect(withExposedTaskId({ taskId: 't', status: 'working' }, 'a')).toEqual({ taskId: 'a:t', status: 'working' });
  });
});
