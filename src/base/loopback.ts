/** All of 127.0.0.0/8, also as a socket for both families writes it, and ::1. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i.test(address);
}

/** Whether what listens on `host` can be reached from this machine alone. Of all names only `localhost` is certain. */
export function isLoopbackHost(host: string): boolean {
  return host.toLowerCase() === 'localhost' || isLoopbackAddress(host);
}
