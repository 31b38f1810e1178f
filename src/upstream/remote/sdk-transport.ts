import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type Clock, type HubError, type Logger, messageOf, withDeadline } from '../../base/index.ts';
import type { RemoteLaunch } from '../launch.ts';
import { type RemoteLogin, withLogin } from '../oauth/remote-login.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { HttpPeer } from './http-errors.ts';
import type { HttpTarget } from './http-target.ts';
import { ResumptionHeader, resumptionDelay } from './resumption.ts';
import { withSessionStatus } from './stale-session.ts';

/** Time for the DELETE of a session, in milliseconds. */
const DELETE_MS = 2_000;

const RECONNECTION = { initialReconnectionDelay: 1_000, maxReconnectionDelay: 30_000, reconnectionDelayGrowFactor: 1.5 };

/** Whoever wants to know what comes back. */
export interface ResponseWatch {
  /** Sees every response: one that says that the session is gone has status 404. */
  readonly observe: (response: Response, method: string) => void;
  /** Told when a response breaks off because a message in it is too long. */
  readonly onTooLong?: (error: HubError) => void;
}

export interface SdkTransportOptions extends ResponseWatch {
  readonly peer: HttpPeer;
  readonly target: HttpTarget;
  readonly clock: Clock;
  readonly login: RemoteLogin | undefined;
  readonly sessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  /** Attempts to resume a broken stream. */
  readonly maxRetries: number;
  /** Told that the server took a connection. */
  readonly onReached: () => void;
}

/** The SDK's transport over the hub's own `fetch`: bounded, logged in, and with one word for a session that is gone. */
export function sdkTransport(options: SdkTransportOptions): StreamableHTTPClientTransport {
  const { peer, target, clock, login, sessionId, protocolVersion, maxRetries, onReached, observe, onTooLong } = options;
  const resumption = new ResumptionHeader();
  const send = async (input: string | URL, init: RequestInit | undefined): Promise<Response> => {
    const response = await boundedFetch(peer, input, init, undefined, onTooLong);
    onReached();
    return sessionId === undefined ? response : withSessionStatus(response);
  };
  return new StreamableHTTPClientTransport(target.url, {
    requestInit: { headers: target.headers },
    fetch: async (input, init) => {
      const response = await withLogin(login, resumption.apply(init), (sent) => send(input, sent));
      observe(response, init?.method ?? 'GET');
      return response;
    },
    reconnectionOptions: { ...RECONNECTION, maxRetries },
    reconnectionScheduler: (reconnect, delayMs) => {
      const timer = clock.after(resumptionDelay(delayMs), reconnect);
      return () => timer.dispose();
    },
    ...(sessionId !== undefined && { sessionId }),
    ...(protocolVersion !== undefined && { protocolVersion }),
  });
}

/** Ends the session. Never rejects. */
export async function deleteSession(
  session: StreamableHTTPClientTransport,
  { clock, logger, launch }: { readonly clock: Clock; readonly logger: Logger; readonly launch: RemoteLaunch },
): Promise<void> {
  try {
    await withDeadline(session.terminateSession(), { clock, timeoutMs: DELETE_MS, onTimeout: () => new Error('no answer in time') });
  } catch (error) {
    // Expected: a server that is gone, or answers DELETE with an error. The session ends by itself then.
    logger.debug('The session could not be ended', { error: launch.redact(messageOf(error)) });
  }
}
