const UNIX = 'unix:';

/** The address of a hub behind a Unix socket, as `--hub` takes it. */
export const socketAddress = (path: string): string => UNIX + path;

/** The path of the socket that an address names; `undefined` for another address. */
export function socketOf(address: string): string | undefined {
  return address.startsWith(UNIX) && address.length > UNIX.length ? address.slice(UNIX.length) : undefined;
}

/** What to connect to for a path at an address. */
export function targetOf(address: string, path: string): { readonly url: URL; readonly socketPath?: string } {
  const socketPath = socketOf(address);
  return socketPath === undefined ? { url: new URL(path, address) } : { url: new URL(path, 'http://localhost'), socketPath };
}
