import type { Diagnostic } from './config.ts';

/** The text of one config file, for turning offsets into places. */
export interface Source {
  /** As given on the command line. */
  readonly file: string;
  readonly text: string;
}

export interface Finding {
  readonly severity: Diagnostic['severity'];
  readonly at: number;
  readonly keyPath: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly serverId?: string | undefined;
}

/** A finding with its place worked out. */
export function diagnosticOf(source: Source, finding: Finding): Diagnostic {
  const { at, severity, keyPath, message, hint, serverId } = finding;
  const lines = source.text.slice(0, at).split(/\r\n|[\n\r]/);
  return {
    severity,
    keyPath,
    message,
    file: source.file,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    ...(hint !== undefined && { hint }),
    ...(serverId !== undefined && { serverId }),
  };
}

/** `mcpServers.github.args[2]`; a key that is not a plain word stands in brackets and quotes. */
export function keyPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (!/^[\w$-]+$/.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

/** One line: `file:line:column: key path: message. hint` */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, keyPath, message, hint } = diagnostic;
  const where = keyPath === '' ? '' : `${keyPath}: `;
  return `${file}:${line}:${column}: ${where}${sentence(message)}${hint === undefined ? '' : ` ${sentence(hint)}`}`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
