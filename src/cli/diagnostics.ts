import { isHubError, messageOf } from '../base/index.ts';
import type { Diagnostic } from '../config/index.ts';

/** The lines that tell a person of an error that ended the start. A config error is told place by place. */
export function describeError(error: unknown): string[] {
  const diagnostics = isHubError(error) ? diagnosticsOf(error.details) : [];
  if (diagnostics.length === 0) return messageOf(error).split('\n');
  return diagnostics.flatMap((diagnostic) => formatDiagnostic(diagnostic).split('\n'));
}

/** `file:line:column: error: message (keyPath)`, and what to do on a line of its own. */
function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, keyPath, hint } = diagnostic;
  const place = `${file}:${line}:${column}`;
  const text = `${place}: ${severity}: ${message}${keyPath ? ` (${keyPath})` : ''}`;
  return hint ? `${text}\n  ${hint}` : text;
}

function diagnosticsOf(details: Readonly<Record<string, unknown>>): readonly Diagnostic[] {
  const list = details['diagnostics'];
  return Array.isArray(list) ? list.filter(isDiagnostic) : [];
}

function isDiagnostic(value: unknown): value is Diagnostic {
  if (typeof value !== 'object' || value === null) return false;
  return ['file', 'line', 'column', 'message', 'severity', 'keyPath'].every((key) => key in value);
}
