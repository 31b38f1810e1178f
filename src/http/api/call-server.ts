import { closest, HubError } from '../../base/index.ts';
import type { CallController, DirectCall, Endpoint } from '../../downstream/index.ts';
import type { Management } from '../management.ts';

/** Makes one call of a server; aborting the controller takes it back. @throws HubError */
export type CallServer = (call: DirectCall, controller: CallController) => Promise<object>;

/** Calls on the road of every other call; an unknown server is answered with the one that may have been meant. */
export function callServer(endpoint: Pick<Endpoint, 'hasServer' | 'callDirectly'>, management: Pick<Management, 'servers'>): CallServer {
  return async (call, controller) => {
    if (endpoint.hasServer(call.server)) return endpoint.callDirectly(call, controller);
    throw unknownServer(
      call.server,
      management.servers.all().map(({ name }) => name),
    );
  };
}

function unknownServer(server: string, known: readonly string[]): HubError {
  const near = closest(server, known);
  const hint = near === undefined ? 'GET /api/servers lists those that are.' : `Did you mean "${near}"?`;
  const details = { server, ...(near !== undefined && { closest: near }) };
  return new HubError('SERVER_NOT_FOUND', `No server "${server}" is configured. ${hint}`, { details });
}
