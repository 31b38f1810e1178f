import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, hubPaths, isHubError, type Logger, logLine, messageOf } from '../base/index.ts';
import { diagnosticsOf } from './diagnostics.ts';

/** Says in a log why a hub could not start: whoever reads it afterwards did not see the terminal. */
export function logFailure(logger: Logger, error: unknown, redact: (text: string) => string): void {
  const diagnostics = isHubError(error) ? diagnosticsOf(error.details) : [];
  const facts = isHubError(error) ? { code: error.code, ...(diagnostics.length > 0 && { diagnostics }) } : {};
  logger.error(`The hub could not be started: ${redact(messageOf(error))}`, facts);
}

/**
 * The same where nothing of the hub is loaded yet. One line is put behind those of the log that there is: a log file of one's own
 * would be opened in the middle of the rotation of the hub that runs, and takes longer than all else. Never rejects.
 */
export async function appendFailure({ env, pid }: Pick<NodeJS.Process, 'env' | 'pid'>, error: unknown): Promise<void> {
  const lines: string[] = [];
  logFailure(createLogger([(record) => lines.push(`${logLine(record, pid)}\n`)]), error, (text) => text);
  try {
    // Without O_CREAT: the name is that of a link, which the rotation makes.
    await using file = await open(join(hubPaths(env).logDir, 'mcp-hub.log'), constants.O_WRONLY | constants.O_APPEND);
    await file.write(lines.join(''));
  } catch {
    // Expected: no hub has run here yet, or the disk is full. The terminal has been told.
  }
}
