import { HubError } from '../base/index.ts';
import type { Management } from '../http/index.ts';

/** Stands where the hub's own side of the management API belongs: it knows the health of the hub and nothing else. */
export function pendingManagement(health: Management['health']): Management {
  const pending = (): never => {
    throw new HubError('CONFLICT', 'This part of the management API is not there yet.');
  };
  return {
    health,
    events: { snapshot: () => [], since: () => undefined, on: () => ({ dispose: () => {} }) },
    servers: {
      all: () => [],
      get: pending,
      start: pending,
      stop: pending,
      restart: pending,
      refresh: pending,
      refreshAll: pending,
      log: pending,
      environment: pending,
    },
    config: { entry: pending, add: pending, change: pending, remove: pending },
    marketplace: { list: pending, details: pending },
    logins: { authorize: pending, finish: pending },
    workspaces: async () => ({}),
    restart: pending,
    hardRestart: pending,
  };
}
