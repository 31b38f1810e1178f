/** The connections that came by the hub's Unix socket. A missing address does not tell: TCP loses it with a peer that is gone. */
const peers = new WeakSet<object>();

/** Remembers a connection as one of the Unix socket, which only the hub's own user can open. */
export function markUnixPeer(socket: object): void {
  peers.add(socket);
}

/** Whether a connection came by the Unix socket. */
export function isUnixPeer(socket: object): boolean {
  return peers.has(socket);
}
