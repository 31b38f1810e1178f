import { isHubError, messageOf } from '../base/index.ts';
import { type Diagnostic, formatDiagnostic } from '../config/index.ts';

/** The lines that tell a person of an error that ended the start. A config error is told place by place. */
export function describeError(error: unknown): string[] {
  const diagnostics = isHubError(error) ? diagnosticsOf(error.details) : [];
  if (diagnostics.length === 0) return asError(messageOf(error).split('\n'));
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
