import { HubError, isHubError, type Secret } from '../../base/index.ts';
import type { CommandIo } from '../command.ts';
import { keyHeaders } from '../hub-key.ts';
import { McpClient } from '../mcp/client.ts';

/** How long the hub may take to say whether it knows a key, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;

/** A key, and the file that it stands in. */
export interface KeyFile {
  readonly key: Secret;
  readonly file: string;
}

/**
 * Asks a hub that runs whether a client would get in with a key, before it is written into that client's config.
 *
 * @throws HubError UNAUTHENTICATED for a key that the hub does not know, FORBIDDEN for one that is not meant for clients
 */
export async function tryKey(origin: string, { key, file }: KeyFile, { version, signal }: CommandIo): Promise<void> {
  const client = new McpClient({ origin, version, signal, headers: keyHeaders(key) });
  try {
    await client.request({ method: 'server/discover', timeoutMs: ANSWER_WITHIN_MS });
  } catch (error) {
    // Whatever else is wrong just now says nothing of the key.
    if (!isHubError(error, 'UNAUTHENTICATED') && !isHubError(error, 'FORBIDDEN')) return;
    const message = `The hub at ${origin} lets nobody in with the key in ${file}. ${error.message} Nothing was written.`;
    throw new HubError(error.code, message, { cause: error });
  }
}
