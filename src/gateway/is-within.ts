/**
 * Whether `uri` is `whole` or a part of it: an update may name a part of what was subscribed to (spec server/resources,
 * "Subscriptions"). A part begins at a delimiter of RFC 3986: `file:///a.txt` has no part `file:///a.txt.old`.
 */
export function isWithin(uri: string, whole: string): boolean {
  if (!uri.startsWith(whole)) return false;
  return uri.length === whole.length || DELIMITER.test(uri.charAt(whole.length)) || DELIMITER.test(whole.slice(-1));
}

const DELIMITER = /[:/?#[\]@!$&'()*+,;=]/;
