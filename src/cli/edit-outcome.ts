import type { CommandIo } from './command.ts';
import type { ConfigEdits, EditOutcome } from './config-edits.ts';
import { isObject } from './json.ts';
import { paintDiff } from './paint-diff.ts';
import { checkRuns, serverLine } from './server-action.ts';
import { serverInfo } from './servers.ts';
import { printable } from './style.ts';

/** Tells of a change that was made in a config file, or would be. @throws HubError CONNECTION_ERROR when the server does not run by it */
export function tellEdit(done: string, outcome: EditOutcome, { hub }: ConfigEdits, dryRun: boolean, io: CommandIo): void {
  const { file, diff, server } = outcome;
  if (io.isJson) io.printJson({ file, diff, dryRun, ...(server !== undefined && { server }) });
  else if (dryRun) io.print(paintDiff(diff, io.style));
  else io.print(`${done} ${printable(file)}.${hub ? '' : ' No hub of this config runs.'}`);
  if (dryRun || !isObject(server)) return;
  checkRuns(server);
  if (!io.isJson) io.print(serverLine(serverInfo(server), io));
}
