import { type ErrorCode, HubError } from '../base/index.ts';
import { type DisabledItem, keyOf } from '../catalog/index.ts';
import type { ListKind } from '../protocol/index.ts';

const UNKNOWN: Readonly<Record<ListKind, { readonly code: ErrorCode; readonly what: string; readonly field: string }>> = {
  tools: { code: 'TOOL_NOT_FOUND', what: 'Unknown tool', field: 'tool' },
  prompts: { code: 'PROMPT_NOT_FOUND', what: 'Unknown prompt', field: 'prompt' },
  resources: { code: 'RESOURCE_NOT_FOUND', what: 'Resource not found', field: 'uri' },
  resourceTemplates: { code: 'RESOURCE_NOT_FOUND', what: 'Resource not found', field: 'uri' },
};

/** What a caller is told who names something that the config disables: that it is not there, and where to change that. */
export function disabledError({ serverId, kind, name }: DisabledItem, asked: string): HubError {
  const { code, what, field } = UNKNOWN[kind];
  const key = keyOf(kind);
  const message = `${what}: ${asked}. It is disabled in the config: "${key}" of server "${serverId}" names "${name}".`;
  return new HubError(code, message, { details: { [field]: asked, server: serverId, disabledBy: key } });
}
