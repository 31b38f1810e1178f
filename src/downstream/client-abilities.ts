import { isObject, type JsonObject, type RpcError, rpcCode, type ServerRequest } from '../protocol/index.ts';

/**
 * Why a legacy client cannot be asked something, by what it declared at `initialize`; `undefined` when it can. An error and
 * never an answer in its name (spec 2025-11-25 client/sampling, client/elicitation, client/roots).
 */
export function lackingAbility({ method, params }: ServerRequest, declared: JsonObject = {}): RpcError | undefined {
  const needed = abilityFor(method, params);
  if (needed === undefined) return refusal(`"${method}" is not a request that a client of this protocol revision answers.`);
  if (hasAbility(declared, needed)) return undefined;
  return refusal(`The client of this call cannot be asked for "${method}": it did not declare the capability "${needed}".`);
}

function abilityFor(method: string, params: JsonObject | undefined): string | undefined {
  switch (method) {
    case 'sampling/createMessage':
      return params?.['tools'] === undefined && params?.['toolChoice'] === undefined ? 'sampling' : 'sampling.tools';
    case 'elicitation/create':
      return params?.['mode'] === 'url' ? 'elicitation.url' : 'elicitation.form';
    case 'roots/list':
      return 'roots';
    default:
      return undefined;
  }
}

function hasAbility(declared: JsonObject, path: string): boolean {
  const [name = '', part] = path.split('.');
  const ability = declared[name];
  if (!isObject(ability)) return false;
  // Before there were two modes, `{}` was all that a client could say; it means forms to this day.
  if (path === 'elicitation.form' && ability['url'] === undefined) return true;
  return part === undefined || isObject(ability[part]);
}

const refusal = (message: string): RpcError => ({ code: rpcCode.methodNotFound, message });
