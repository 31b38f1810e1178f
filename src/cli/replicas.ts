import { isObject, listOf, type JsonObject, numberOf, textOf } from './json.ts';

/** That some replicas of a server are not ready, in a few words; empty when all are, or there is one only. */
export function missingReplicas(server: JsonObject): string {
  const all = replicasOf(server);
  const ready = all.filter(isWell);
  return ready.length === all.length ? '' : `${ready.length} of ${all.length} replicas take part`;
}

/** One line for each replica: its number, how it is, what it is busy with, and what is wrong. */
export function replicaRows(server: JsonObject): readonly (readonly string[])[] {
  return replicasOf(server).map((replica) => {
    const isLeftOut = textOf(replica, 'circuit') !== 'closed';
    const doubt = isLeftOut ? 'left out: its calls failed' : replica['degraded'] === true ? 'answers no pings' : '';
    return [
      String(numberOf(replica, 'number') ?? ''),
      textOf(replica, 'status'),
      `${numberOf(replica, 'inFlight') ?? 0} in flight`,
      textOf(replica, 'error') || doubt,
    ];
  });
}

function replicasOf(server: JsonObject): readonly JsonObject[] {
  return listOf(server, 'replicas').filter(isObject);
}

function isWell(replica: JsonObject): boolean {
  return textOf(replica, 'status') === 'connected' && textOf(replica, 'circuit') === 'closed';
}
