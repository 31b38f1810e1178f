import { HubError } from '../../base/index.ts';
import type { ServerIdentity } from '../../catalog/index.ts';
import { isObject, type Outcome, type RpcError, rpcCode } from '../../protocol/index.ts';
import { notRun } from '../not-run.ts';

/**
 * What becomes of a call that a modern server has answered with -32022 (spec 2026-07-28 basic/index, "Error Codes"): it goes on as an
 * error of the server's, which to a client must not say that the hub does not speak its version.
 *
 * @param lose is told when the server names the versions that it speaks, and the one that was agreed on is not among them: it is not
 * the one that was negotiated with any more, and only a new connection settles what it is
 * @throws HubError the one that `lose` was told, for a call that did not run
 */
export function versionRefused(id: string, { protocolVersion }: ServerIdentity, error: RpcError, lose: (error: HubError) => void): Outcome {
  const supported = isObject(error.data) ? error.data['supported'] : undefined;
  if (!Array.isArray(supported) || supported.includes(protocolVersion)) return { error: { ...error, code: rpcCode.internalError } };
  const message = `Server "${id}" no longer speaks ${protocolVersion}. The connection is made anew; call again.`;
  const lost = new HubError('CONNECTION_ERROR', message, { details: { server: id } });
  lose(lost);
  throw notRun(lost);
}
