import { closest } from '../base/index.ts';
import type { ObjectNode } from './json5.ts';
import { describe, type Issue, oneOf, type Type } from './types.ts';

/** The spellings that the documentation and editors know. */
const proper = ['stdio', 'http', 'sse', 'streamable-http', 'streamableHttp'] as const;

export type TransportType = 'stdio' | 'http' | 'sse' | 'streamable-http';

/** In lower case, without what stands between words. `local` and `remote` are written for OpenCode and Copilot CLI. */
const MEANINGS: ReadonlyMap<string, TransportType> = new Map([
  ['stdio', 'stdio'],
  ['local', 'stdio'],
  ['http', 'http'],
  ['remote', 'http'],
  ['sse', 'sse'],
  ['streamablehttp', 'streamable-http'],
]);

/** The transport of a server. `command` and `url` decide what kind it is of, so that a word that says nothing more is no error. */
export const transportType: Type<TransportType> = {
  ...oneOf(...proper),
  read(node, path, report) {
    const meaning = node.kind === 'string' ? MEANINGS.get(node.value.trim().toLowerCase().replaceAll(/[-_ ]/g, '')) : undefined;
    if (meaning !== undefined) return meaning;
    const near = node.kind === 'string' ? closest(node.value, proper) : undefined;
    const message = `Must be ${transportType.words}, not ${describe(node)}; it counts as absent`;
    const hint = near === undefined ? 'Leave it out: "command" or "url" says enough' : `Did you mean "${near}"?`;
    report({ severity: 'warning', isWrongValue: true, at: node.at, keyPath: path, message, hint });
    return undefined;
  },
};

/** That the type does not go with the key that says where the server is; `undefined` where it does. */
export function typeMismatch(
  { members }: ObjectNode,
  type: TransportType | undefined,
  key: string,
): Pick<Issue, 'message' | 'hint'> | undefined {
  const isLocal = key === 'command';
  if (type === undefined || (type === 'stdio') === isLocal) return undefined;
  // As it is written there: a word that was understood is no secret.
  const written = members.findLast((member) => member.key === 'type')?.value;
  return {
    message: `"${written?.kind === 'string' ? written.value : type}" does not go with "${key}" and is ignored`,
    hint: isLocal ? 'Write "stdio" or leave it out' : 'Write "http" or "sse", or leave it out',
  };
}
