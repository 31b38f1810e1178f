import type { CommandIo } from './command.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';
import { isObject } from './json.ts';
import { plural } from './render.ts';
import { serverInfo } from './servers.ts';
import { printable } from './style.ts';

/** Tells of a change that was made in a config file, or would be. */
export function tellEdit(done: string, outcome: EditOutcome, { hub }: ConfigEdits, dryRun: boolean, io: CommandIo): void {
  const { file, diff, server } = outcome;
  if (io.isJson) return io.printJson({ file, diff, dryRun, ...(server !== undefined && { server }) });
  if (dryRun) return io.print(coloured(printable(diff), io));
  io.print(`${done} ${printable(file)}.${hub ? '' : ' No hub of this config runs; one that is started has it.'}`);
  if (!isObject(server)) return;
  const { name, status, error, offer } = serverInfo(server);
  const has = status === 'connected' ? `, ${plural(offer.tools.length, 'tool')}` : '';
  io.print(`${io.style.strong(printable(name))} is ${status}${has}.${error === '' ? '' : ` ${printable(error)}`}`);
}

function coloured(diff: string, { style }: CommandIo): string {
  const paint = (line: string): string => (line.startsWith('+') ? style.good(line) : line.startsWith('-') ? style.bad(line) : line);
  return diff.split('\n').map(paint).join('\n');
}
