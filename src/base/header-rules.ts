/** Fields about a single connection, which end where it ends (RFC 9110, section 7.6.1), those of proxies included. */
const CONNECTION = /^(?:connection|keep-alive|te|trailers?|transfer-encoding|upgrade|http2-settings|proxy-.*)$/;
/** Fields that whoever sends a message makes for that message: what it is, where it goes, what comes back. */
const MESSAGE = /^(?:host|content-.*|mcp-.*|last-event-id|accept|accept-encoding|accept-charset|expect)$/;
/** Fields that say to the hub, and to nobody else, who calls it. */
const CREDENTIALS = /^(?:authorization|x-api-key|cookie2?|set-cookie2?)$/;
/** Fields of browsers that say which page made a request; guards of servers go by them. */
const BROWSER = /^(?:origin|referer|sec-.*)$/;

/** What a header field is about, as far as that forbids to hand it on. */
export type HeaderKind = 'connection' | 'message' | 'credentials' | 'browser' | 'free';

/** @param name in lower case */
export function headerKind(name: string): HeaderKind {
  if (CONNECTION.test(name)) return 'connection';
  if (MESSAGE.test(name)) return 'message';
  if (CREDENTIALS.test(name)) return 'credentials';
  return BROWSER.test(name) ? 'browser' : 'free';
}

/** Whether a header field can have that name (RFC 9110, section 5.6.2). */
export function isHeaderName(name: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(name);
}

/** Whether a header field can hold that value: no line break and no other control character but tab. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
