import fs from 'node:fs';
import { join } from 'node:path';
import { createLogger, format } from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';

/** What may wait for a slow disk, in bytes. Records beyond it are dropped and counted. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024;
/** Closing goes on for as long as the disk takes something every now and then, in milliseconds, */
const STUCK_AFTER_MS = 1_000;
/** but not for longer than this: the process has to end. */
const CLOSE_WITHIN_MS = 3_000;

export interface LogWriter {
  /** Takes one line without its line break; returns at once. False: too much waits for the disk, the line is dropped. */
  write(line: string): boolean;
  /** Resolves when everything taken is in the file, or the disk takes no more of it. */
  close(): Promise<void>;
}

/**
 * Opens `<dir>/mcp-hub-<date>.log`, another one every day, kept for 30 days; `<dir>/mcp-hub.log` is a symbolic link to
 * the current one. A module of its own because winston and the rotation cost some 40 ms to load.
 *
 * @param onError told when the file can no longer be written; the writer is dead then.
 */
export function openLogWriter(dir: string, onError: (error: Error) => void): LogWriter {
  const disk = countingDisk();
  const auditFile = join(dir, '.mcp-hub-log.json');
  makeWayForLink(dir);
  dropUnreadableAudit(auditFile);
  const transport = new DailyRotateFile({
    dirname: dir,
    filename: 'mcp-hub-%DATE%.log',
    datePattern: 'YYYY-MM-DD',
    maxFiles: '30d',
    createSymlink: true,
    symlinkName: 'mcp-hub.log',
    auditFile,
    options: { flags: 'a', mode: 0o600, fs: disk.fs },
  });
  const logger = createLogger({ level: 'debug', format: format.printf((info) => String(info.message)), transports: [transport] });
  let dead = false;
  const fail = (error: Error): void => {
    if (dead) return;
    dead = true;
    onError(error);
  };
  logger.on('error', fail);
  transport.logStream.on('error', fail);

  return {
    write(line) {
      if (dead) return false;
      const bytes = Buffer.byteLength(line) + 1;
      if (disk.pending + bytes > MAX_PENDING_BYTES) return false;
      disk.pending += bytes;
      logger.log({ level: 'info', message: line });
      return true;
    },
    close: () =>
      new Promise((resolve) => {
        if (dead) {
          logger.end();
          resolve();
          return;
        }
        const giveUp = giveUpWhenStuck(() => disk.pending, resolve);
        transport.logStream.once('close', () => {
          giveUp.cancel();
          resolve();
        });
        logger.end();
      }),
  };
}

/** Calls `give` when as much is left as a while before, or when it has taken too long in all. */
function giveUpWhenStuck(left: () => number, give: () => void): { cancel(): void } {
  let before = left();
  let waitedMs = 0;
  const timer = setInterval(() => {
    waitedMs += STUCK_AFTER_MS;
    const isStuck = left() === before;
    before = left();
    if (!isStuck && waitedMs < CLOSE_WITHIN_MS) return;
    clearInterval(timer);
    give();
  }, STUCK_AFTER_MS);
  return { cancel: () => clearInterval(timer) };
}

/** Node's file system for a write stream, with the bytes that are on their way. The rotation hides its stream's own count. */
function countingDisk(): { pending: number; readonly fs: object } {
  type Written = (error: NodeJS.ErrnoException | null, bytes: number, buffer: Uint8Array) => void;
  const disk = {
    pending: 0,
    fs: {
      open: fs.open,
      close: fs.close,
      write(fd: number, buffer: Uint8Array, offset: number, length: number, position: number | null, done: Written): void {
        fs.write(fd, buffer, offset, length, position, (error, bytes, same) => {
          disk.pending = Math.max(0, disk.pending - bytes);
          done(error, bytes, same);
        });
      },
    },
  };
  return disk;
}

/** A plain file of the link's name, as older versions wrote it, would keep the link from being made. */
function makeWayForLink(dir: string): void {
  const link = join(dir, 'mcp-hub.log');
  if (fs.lstatSync(link, { throwIfNoEntry: false })?.isFile()) fs.renameSync(link, join(dir, 'mcp-hub.previous.log'));
}

/** The rotation would keep old files for ever if the list of them were damaged (two hubs may write it at the same time). */
function dropUnreadableAudit(auditFile: string): void {
  try {
    JSON.parse(fs.readFileSync(auditFile, 'utf8'));
  } catch {
    // Expected: no such file yet, or half a one.
    fs.rmSync(auditFile, { force: true });
  }
}
