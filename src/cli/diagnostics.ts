import { isHubError, messageOf } from '../base/index.ts';
import { type Diagnostic, formatDiagnostic } from '../config/index.ts';

/** The lines that tell a person of an error that ended the start. A config error is told place by place. */
export function describeError(error: unknown): string[] {
  const diagnostics = isHubError(error) ? diagnosticsOf(error.details) : [];
  if (diagnostics.length === 0) return asError([...messageOf(error).split('\n'), ...systemAdvice(error)]);
  return diagnostics.map((diagnostic) => `${diagnostic.severity}: ${formatDiagnostic(diagnostic)}`);
}

/** `lines` with the first one marked as an error. */
function asError(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index === 0 ? `error: ${line}` : line));
}

/** The diagnostics among the details of a config error. */
export function diagnosticsOf(details: Readonly<Record<string, unknown>>): readonly Diagnostic[] {
  const list = details['diagnostics'];
  return Array.isArray(list) ? list.filter(isDiagnostic) : [];
}

function isDiagnostic(value: unknown): value is Diagnostic {
  if (typeof value !== 'object' || value === null) return false;
  return ['file', 'line', 'column', 'message', 'severity', 'keyPath'].every((key) => key in value);
}

/** What to do about what the system says no to; its own words name the path. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'Look at the owner and the mode of that file or folder, and of the folders above it.',
  EPERM: 'Look at the owner and the mode of that file or folder, and of the folders above it.',
  EROFS: 'What is there is mounted for reading alone.',
  ENOSPC: 'The disk is full.',
};

function systemAdvice(error: unknown): readonly string[] {
  const code = error instanceof Error && !isHubError(error) && 'code' in error ? String(error.code) : '';
  const advice = ADVICE[code];
  return advice === undefined ? [] : [advice];
}
