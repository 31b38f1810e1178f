import { type CancelSignal, isHubError } from '../base/index.ts';
import { provablyNotRun } from './not-run.ts';
import type { Readiness } from './readiness.ts';
import type { Connection } from './types.ts';

/**
 * Sends a request over a connection, and once more over the next one when the connection was lost before the server had it. A
 * request that may have run is never sent twice.
 */
export function overNext<T>(
  connection: Connection,
  send: (connection: Connection) => Promise<T>,
  awaited: () => Promise<Connection>,
  readiness: Pick<Readiness, 'current' | 'replaced'>,
  signal: CancelSignal,
): Promise<T> {
  return send(connection).catch(async (error: unknown) => {
    if (!provablyNotRun(error) || signal.aborted) throw error;
    // Where the session is gone, the connection goes when the last of its requests has been refused.
    const isEnding = isHubError(error) && error.details['session'] === 'ended';
    if (!isEnding && readiness.current === connection) throw error;
    if (!(await readiness.replaced(connection, signal))) throw error;
    return send(readiness.current ?? (await awaited()));
  });
}
