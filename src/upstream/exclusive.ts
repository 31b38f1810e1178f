import { type HubError, tellsReason } from '../base/index.ts';

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
export function looksTaken({ message, details }: HubError): boolean {
  // One whose list failed has started, whatever it says of locks.
  return details['list'] === undefined && TAKEN.some((wording) => wording.test(message));
}

/**
 * What is told of a restart whose new process or connection did not become ready.
 *
 * @param facts.isTaken as of {@link looksTaken}
 * @param facts.isBehind whether its entry has changed, so that what goes on is the entry as it was before
 */
export function refusal(
  id: string,
  error: HubError,
  { isTaken, isBehind }: { readonly isTaken: boolean; readonly isBehind: boolean },
): string {
  const { message } = error;
  if (isTaken) {
    return `Server "${id}" cannot run twice at once, and is stopped first from now on; say so in its entry with "restart": "stop-first". ${message}`;
  }
  const advice = endedWithoutReason(error) ? ' (if it cannot run twice at once, set "restart": "stop-first" in its entry)' : '';
  return `Server "${id}" was not restarted and goes on as it was${isBehind ? ' before its entry changed' : ''}${advice}: ${message}`;
}

/** A process that has ended by itself and did not say why: another one of its kind may be in its way. */
function endedWithoutReason({ code, details }: HubError): boolean {
  const { exitCode, stderr } = details;
  // 126 and 127: a shell could not run what it was to run.
  if (code !== 'UPSTREAM_EXITED' || typeof exitCode !== 'number' || exitCode === 126 || exitCode === 127) return false;
  return !Array.isArray(stderr) || !tellsReason(stderr.map(String));
}
