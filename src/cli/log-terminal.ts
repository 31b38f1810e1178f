import type { LogLevel, LogRecord, LogSink } from '../base/index.ts';
import { printable, type Style } from './style.ts';

export interface TerminalLogOptions {
  readonly write: (text: string) => void;
  readonly style: Style;
  /** Also info and debug. */
  readonly verbose: boolean;
}

/** Log records as readable lines: warnings and errors, with `verbose` all of them and their data. */
export function terminalLog({ write, style, verbose }: TerminalLogOptions): LogSink {
  const colours: Readonly<Record<LogLevel, (text: string) => string>> = {
    error: style.bad,
    warn: style.caution,
    info: style.good,
    debug: style.quiet,
  };
  return (record) => {
    if (!verbose && ((record.type !== 'warn' && record.type !== 'error') || isOnScreen(record))) return;
    const label = colours[record.type](record.type === 'warn' ? 'warning' : record.type);
    const data = verbose ? style.quiet(facts(record)) : '';
    write(`${label}: ${printable(record.message)}${record.code ? ` [${record.code}]` : ''}${data}\n`);
  };
}

/** How a server is, the start screen tells on the same terminal. */
function isOnScreen({ data }: LogRecord): boolean {
  return 'server' in data && 'status' in data;
}

function facts({ data }: LogRecord): string {
  return Object.keys(data).length > 0 ? ` ${printable(JSON.stringify(data))}` : '';
}
