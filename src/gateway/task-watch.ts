import type { NotificationMessage } from '../protocol/index.ts';
import type { PoolEvents, Upstream } from '../upstream/index.ts';
import type { Scope } from './call.ts';
import { exposedTaskId, taskOf } from './task-ids.ts';
import type { Upstreams } from './upstreams.ts';

/** A task as its own server knows it. */
export interface WatchedTask {
  readonly serverId: string;
  readonly taskId: string;
}

/** The part of a feed that has to do with tasks. */
interface TaskWatcher {
  readonly options: { readonly scope: Scope; send(notification: NotificationMessage): void };
  /** Whether what that server tells on its own account is for this one. */
  hears(upstream: Upstream | undefined): boolean;
  /** By exposed id. */
  tasks: ReadonlyMap<string, WatchedTask>;
}

/** Sets what one feed wants to hear of; gives back the part that the servers agreed to. Never rejects. */
export async function watchTasks(
  all: Iterable<TaskWatcher>,
  watcher: TaskWatcher,
  taskIds: readonly string[],
  upstreams: Upstreams,
): Promise<readonly string[]> {
  const before = serversOf(watcher);
  watcher.tasks = tasksOf(watcher.options.scope, taskIds, upstreams);
  const servers = [...new Set([...before, ...serversOf(watcher)])];
  const agreed = new Map(
    await Promise.all(
      servers.map(async (serverId) => {
        const honoured = applyWatchedTasks(all, serverId, upstreams);
        // A server that is down agrees to nothing; the wish is kept and it is asked again when it is back.
        return [serverId, await honoured.catch(() => new Set<string>())] as const;
      }),
    ),
  );
  return taskIds.filter((exposed) => {
    const task = watcher.tasks.get(exposed);
    return task !== undefined && watcher.hears(upstreams.get(task.serverId)) && agreed.get(task.serverId)?.has(task.taskId);
  });
}

function tasksOf(scope: Scope, taskIds: readonly string[], upstreams: Upstreams): ReadonlyMap<string, WatchedTask> {
  if (scope.kind === 'server') return new Map(taskIds.map((taskId) => [taskId, { serverId: scope.id, taskId }]));
  const ids = upstreams.all().map(({ id }) => id);
  return new Map(
    taskIds.flatMap((exposed) => {
      const task = taskOf(exposed, ids);
      return task ? [[exposed, task]] : [];
    }),
  );
}

export function serversOf({ tasks }: TaskWatcher): readonly string[] {
  return [...new Set([...tasks.values()].map(({ serverId }) => serverId))];
}

/** Tells a server of everything that anybody wants to hear of its tasks. */
export async function applyWatchedTasks(all: Iterable<TaskWatcher>, serverId: string, upstreams: Upstreams): Promise<ReadonlySet<string>> {
  const taskIds = new Set<string>();
  const upstream = upstreams.get(serverId);
  for (const watcher of all) {
    if (!watcher.hears(upstream)) continue;
    for (const task of watcher.tasks.values()) if (task.serverId === serverId) taskIds.add(task.taskId);
  }
  return (await upstream?.setWatchedTasks(taskIds)) ?? new Set();
}

/** Hands a `notifications/tasks` to those that named the task, and to nobody else. */
export function tellOfTask(
  all: Iterable<TaskWatcher>,
  { id, taskId, notification }: PoolEvents['taskChanged'],
  upstreams: Upstreams,
): void {
  const upstream = upstreams.get(id);
  for (const watcher of all) {
    if (!watcher.hears(upstream)) continue;
    const { options, tasks } = watcher;
    const exposed = options.scope.kind === 'server' ? taskId : exposedTaskId(id, taskId);
    if (tasks.get(exposed)?.serverId !== id) continue;
    options.send({ ...notification, params: { ...notification.params, taskId: exposed } });
  }
}
