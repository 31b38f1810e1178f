import type { CommandIo } from './command.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';
import { isObject } from './json.ts';
import { paintDiff } from './paint-diff.ts';
import { serverLine } from './server-action.ts';
import { serverInfo } from './servers.ts';
import { printable } from './style.ts';

/** Tells of a change that was made in a config file, or would be. */
export function tellEdit(done: string, outcome: EditOutcome, { hub }: ConfigEdits, dryRun: boolean, io: CommandIo): void {
  const { file, diff, server } = outcome;
  if (io.isJson) return io.printJson({ file, diff, dryRun, ...(server !== undefined && { server }) });
  if (dryRun) return io.print(paintDiff(diff, io.style));
  io.print(`${done} ${printable(file)}.${hub ? '' : ' No hub of this config runs.'}`);
  if (isObject(server)) io.print(serverLine(serverInfo(server), io));
}
