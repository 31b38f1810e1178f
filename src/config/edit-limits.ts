import { ExactNumber, HubError } from '../base/index.ts';
import type { ServerEdit } from './edit.ts';

/** More than any entry has; what is larger would keep the hub busy or could not be read back. */
const MAX_CHARACTERS = 256 * 1024;
const MAX_VALUES = 5_000;
const MAX_DEPTH = 50;

/** @throws HubError VALIDATION_ERROR for a change that is larger than an entry may be */
export function checkSize(edit: ServerEdit): void {
  if (edit.kind === 'remove') return;
  const value = edit.kind === 'set' ? edit.entry : edit.patch;
  const count = { values: 0 };
  if (isTooLarge(value, MAX_DEPTH, count)) throw tooLarge(edit.name, `more than ${MAX_DEPTH} levels or ${MAX_VALUES} values`);
  if (JSON.stringify(value).length > MAX_CHARACTERS) throw tooLarge(edit.name, `more than ${MAX_CHARACTERS} characters`);
}

function isTooLarge(value: unknown, levels: number, count: { values: number }): boolean {
  count.values += 1;
  if (count.values > MAX_VALUES) return true;
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return false;
  return levels === 0 || Object.values(value).some((item) => isTooLarge(item, levels - 1, count));
}

function tooLarge(server: string, what: string): HubError {
  const message = `The entry of server "${server}" cannot be written: it has ${what}. Make it smaller, or edit the config file.`;
  return new HubError('VALIDATION_ERROR', message, { details: { server } });
}
