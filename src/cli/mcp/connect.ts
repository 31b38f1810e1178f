import { type ApiClient, connectHub } from '../api-client.ts';
import type { CommandIo } from '../command.ts';
import { keyHeaders } from '../hub-key.ts';
import { McpClient } from './client.ts';

/** One hub, on both of its roads: what it offers is asked for as a client, how its servers are by its management API. */
export interface HubLink {
  readonly api: ApiClient;
  readonly mcp: McpClient;
}

/** The hub that the options mean. @throws HubError USAGE, HUB_NOT_FOUND */
export async function linkHub(options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<HubLink> {
  const api = await connectHub(options, io);
  return { api, mcp: mcpClient(api, io.version, io.signal) };
}

export function mcpClient({ hub: { origin, key } }: ApiClient, version: string, signal: AbortSignal): McpClient {
  return new McpClient({ origin, version, signal, headers: keyHeaders(key) });
}
