import { HubError, isHubError, type Logger, messageOf, quote } from '../../base/index.ts';
import type { ServerIdentity } from '../../catalog/index.ts';
import {
  extensionId,
  isLegacyVersion,
  isObject,
  type JsonObject,
  LEGACY_VERSIONS,
  NEWEST_LEGACY,
  type Outcome,
} from '../../protocol/index.ts';
import type { Link } from './link.ts';

/**
 * What the hub declares to a legacy server: everything that it can carry to some client. The capabilities of a connection
 * never change, but its calls come from many clients; what the client of a call cannot do is refused when it is asked.
 * `tasks` is not declared: a server's question of a client is never run as a task (spec 2025-11-25 basic/utilities/tasks).
 */
const CAPABILITIES: JsonObject = {
  sampling: { tools: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
  // Servers register their MCP Apps only where this is declared; the results of such tools are of use without the app too.
  extensions: { [extensionId.ui]: { mimeTypes: ['text/html;profile=mcp-app'] } },
};

/** Sends `initialize` (spec 2025-11-25 basic/lifecycle). */
export function sendInitialize(link: Link, hubInfo: JsonObject): Promise<Outcome> {
  return link.send(link.allot(), 'initialize', { protocolVersion: NEWEST_LEGACY, capabilities: CAPABILITIES, clientInfo: hubInfo });
}

export interface HandshakeContext {
  /** The server's name, for messages. */
  readonly id: string;
  readonly logger: Logger;
  /** Makes a server's own words fit to be shown. */
  readonly redact: (text: string) => string;
}

/**
 * Completes the legacy handshake with the answer to `initialize`.
 *
 * @throws HubError UPSTREAM_PROTOCOL when the server refused, or wants a version that the hub does not speak.
 */
export async function completeHandshake(link: Link, { result, error }: Outcome, context: HandshakeContext): Promise<ServerIdentity> {
  const { id, redact, logger } = context;
  const fail = (problem: string): never => {
    throw new HubError('UPSTREAM_PROTOCOL', `Server "${id}" ${problem}`, { details: { server: id } });
  };
  if (error) return fail(`refused the handshake: ${quote(redact(error.message))} (code ${error.code}).`);
  const { protocolVersion, serverInfo, capabilities, instructions } = result;
  if (!isLegacyVersion(protocolVersion)) {
    const wanted = typeof protocolVersion === 'string' ? `the protocol version "${quote(redact(protocolVersion))}"` : 'no protocol version';
    return fail(`answered the handshake with ${wanted}. The hub speaks ${LEGACY_VERSIONS.join(', ')} there; update the server or the hub.`);
  }
  link.settle('legacy', protocolVersion);
  try {
    await link.notify('notifications/initialized');
  } catch (cause) {
    if (link.closedBy || isHubError(cause, 'UNAUTHORIZED')) throw cause;
    // Some servers answer this with an error although they go on well; if they do not, the first request tells.
    logger.debug(`Server "${id}" did not take notifications/initialized: ${messageOf(cause)}`);
  }
  return Object.freeze({
    era: 'legacy',
    protocolVersion,
    serverInfo: isObject(serverInfo) ? serverInfo : {},
    capabilities: isObject(capabilities) ? capabilities : {},
    ...(typeof instructions === 'string' && { instructions }),
  });
}
