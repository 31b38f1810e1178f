import type { HubError } from '../base/index.ts';

/** What programs say when something that they need for themselves belongs to somebody: a port, a lock, a device. */
const TAKEN = [
  /\bEADDRINUSE\b/,
  /address (?:is )?already in use/i,
  /\bport\b.{0,20}\b(?:in use|taken|occupied)\b/i,
  /only one usage of each socket address/i,
  /\balready (?:running|locked|open(?:ed)? by)\b/i,
  /\banother (?:instance|process|server)\b/i,
  /\b(?:is|are|was|been|database) locked\b/i,
  /\b(?:acquire|obtain|get|hold|take)\b.{0,30}\block\b/i,
  /\block (?:file|is held|held|conflict)\b/i,
  /\bEBUSY\b|\b(?:resource|device) (?:or resource )?(?:is )?busy\b/i,
];

/** Whether a process says that it did not start because another one holds what it needs. It is known by its wording alone. */
export function looksTaken({ message }: HubError): boolean {
  return TAKEN.some((wording) => wording.test(message));
}

/** What is told of a restart whose new process or connection did not become ready. */
export function refusal(id: string, { message }: HubError, isTaken: boolean): string {
  return isTaken
    ? `Server "${id}" cannot run twice at once, and is stopped first from now on; say so in its entry with "restart": "stop-first". ${message}`
    : `Server "${id}" was not restarted and goes on as it was: ${message} If it cannot run twice at once, set "restart": "stop-first" in its entry.`;
}
