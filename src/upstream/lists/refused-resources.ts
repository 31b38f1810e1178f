import { isObject, type JsonObject, type RpcError, rpcCode } from '../../protocol/index.ts';
import type { RefusedResources } from '../types.ts';

/** Whether a server says that its resources can be subscribed to. */
export function takesSubscriptions({ resources }: JsonObject): boolean {
  return isObject(resources) && resources['subscribe'] === true;
}

export function refusedAll(uris: Iterable<string>, error: RpcError): RefusedResources {
  return new Map([...uris].map((uri) => [uri, error]));
}

/** For a server that says by its capabilities or its acknowledgement that it will not tell of a resource. */
export function untold(server: string): RpcError {
  return { code: rpcCode.methodNotFound, message: `Server "${server}" does not tell of changes of this resource.` };
}
