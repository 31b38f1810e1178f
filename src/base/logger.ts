export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** One record, as it is written to the log file. `data` is plain JSON and never holds a secret. */
export interface LogRecord {
  readonly type: LogLevel;
  readonly message: string;
  readonly code?: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  readonly timestamp: string;
}

/**
 * A record as one line of the log file.
 *
 * @param pid of the hub that it is from: several may write to one file
 */
export function logLine({ type, code, message, data, timestamp }: LogRecord, pid: number): string {
  return JSON.stringify({ type, code, message, data, timestamp, pid });
}

/** Where records go: the log file, the terminal, the event stream. Handed in by the composition root. */
export type LogSink = (record: LogRecord) => void;

export interface Logger {
  debug(message: string, data?: Record<string, unknown>): void;
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  /** `data.code` names the error code where there is one. */
  error(message: string, data?: Record<string, unknown>): void;
  /** A logger whose every record carries `data` as well. */
  child(data: Record<string, unknown>): Logger;
}

/** A logger over sinks. A sink that throws is skipped: logging never disturbs what it tells of. */
export function createLogger(sinks: readonly LogSink[], base: Readonly<Record<string, unknown>> = {}): Logger {
  const write = (type: LogLevel, message: string, data: Record<string, unknown> = {}): void => {
    const { code, ...rest } = { ...base, ...data };
    const record: LogRecord = {
      type,
      message,
      ...(typeof code === 'string' && { code }),
      data: rest,
      timestamp: new Date().toISOString(),
    };
    for (const sink of sinks) {
      try {
        sink(record);
      } catch {
        // Expected: a full disk or a closed pipe (EPIPE). There is no better place left to say so.
      }
    }
  };
  return {
    debug: (message, data) => write('debug', message, data),
    info: (message, data) => write('info', message, data),
    warn: (message, data) => write('warn', message, data),
    error: (message, data) => write('error', message, data),
    child: (data) => createLogger(sinks, { ...base, ...data }),
  };
}

/** Writes nothing: for tests, and for parts built without a hub around them. */
export const silentLogger: Logger = createLogger([]);
