import { open } from 'node:fs/promises';
import { textOf } from './json.ts';
import { printable, type Style } from './style.ts';

/** Most of a log file that is read for its last lines, in bytes. */
const MAX_TAIL_BYTES = 4 * 1024 * 1024;

/** The last lines of a text file, as many as stand in its last megabytes; none when there is no such file. */
export async function lastLines(path: string): Promise<readonly string[]> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    const start = Math.max(0, size - MAX_TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // The first one may be cut off.
    return lines.slice(start > 0 ? 1 : 0).filter((line) => line.trim() !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** One record of the hub's log, for a person: time, kind, words. */
export function renderRecord(record: unknown, style: Style): string {
  const type = textOf(record, 'type');
  const paint = type === 'error' ? style.bad : type === 'warn' ? style.caution : style.quiet;
  const code = textOf(record, 'code');
  const words = printable(textOf(record, 'message'));
  return `${style.quiet(timeOf(textOf(record, 'timestamp')))} ${paint(type.padEnd(5))} ${words}${code === '' ? '' : style.quiet(` [${code}]`)}`;
}

/** The time of day, here; a text that is no date stays as it is. */
export function timeOf(date: string | number): string {
  const time = new Date(date);
  return Number.isNaN(time.getTime()) ? printable(String(date)) : time.toTimeString().slice(0, 8);
}
