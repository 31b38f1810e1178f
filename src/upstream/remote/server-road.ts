import { type Clock, type Logger, type Outgoing, plainOutgoing, type Road } from '../../base/index.ts';
import type { RemoteLaunch } from '../launch.ts';
import type { RemoteLogin } from '../oauth/remote-login.ts';
import type { HttpPeer } from './http-errors.ts';
import { httpPeer, type HttpTarget, httpTarget } from './http-target.ts';

/** Most bytes of one JSON body, or of one event, unless the server's entry says otherwise. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** What a transport to a remote server is made of. */
export interface RemoteTransportOptions {
  /** The server's name, for messages. */
  readonly id: string;
  readonly launch: RemoteLaunch;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the requests to one server have in common. */
export interface ServerRoad {
  readonly peer: HttpPeer;
  readonly target: HttpTarget;
  /** The way there, and to its origin. */
  readonly outgoing: Outgoing;
  readonly road: Road;
  /** Most bytes of one message. */
  readonly maxMessageBytes: number;
  readonly login: RemoteLogin | undefined;
  /** Told that the server took a connection. */
  readonly reached: () => void;
}

/**
 * The road that a launch means.
 *
 * @param reached told of each answer
 * @throws HubError as {@link httpTarget}
 */
export function serverRoad(id: string, launch: RemoteLaunch, reached: () => void): ServerRoad {
  const { outgoing = plainOutgoing, login, maxMessageBytes = MAX_MESSAGE_BYTES } = launch;
  const target = httpTarget(id, launch);
  return { peer: httpPeer(id, launch), target, outgoing, road: outgoing.roadTo(target.url.origin), login, maxMessageBytes, reached };
}
