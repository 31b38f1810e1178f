import { openEventStreamClients } from './event-stream-clients.ts';
import { openHttpClients } from './http-clients.ts';
import type { Crowd, Plan } from './plan.ts';
import { openStdioClients } from './stdio-clients.ts';

/** Connects the clients of a plan; each has made one call when this resolves. Rejects when one is refused or answered wrongly. */
export function openClients(plan: Plan): Promise<Crowd> {
  switch (plan.target.kind) {
    case 'http':
      return openHttpClients(plan.target, plan);
    case 'http+sse':
      return openEventStreamClients(plan.target, plan);
    case 'stdio':
      return openStdioClients(plan.target, plan);
  }
}
