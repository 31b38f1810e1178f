import { stat } from 'node:fs/promises';
import type { CommandIo } from '../command.ts';
import type { HubTarget } from './client.ts';
import type { ConnectPlan } from './connect.ts';

/** Says what a person has to know of the key in an entry that is about to be written, or of the one that is not there. */
export async function tellOfKey({ client, scope, entry, shownEntry, file }: ConnectPlan, target: HubTarget, io: CommandIo): Promise<void> {
  if (target.kind !== 'url') return;
  if (entry === shownEntry) {
    if (!target.asks) return;
    const advice = target.asks === 'foreign' ? 'Ask whoever runs it for one' : `"mcp-hub key create ${client.id}" makes one`;
    const place =
      scope === 'project' ? 'a file of the project is no place for it: leave out --scope project, and' : 'put it into a file, and';
    io.tell(
      `note: the hub at ${target.url} asks for an API key, and the entry has none. ${advice}; ${place} name that with --api-key-file.`,
    );
    if (target.asks === 'own') io.tell('      Or let the client spawn the command with --stdio, which needs none on this machine.');
    return;
  }
  // A file that is made is for its owner alone.
  const mode = io.process.platform === 'win32' || !file.bytes ? 0 : (await stat(file.target)).mode;
  if ((mode & 0o044) !== 0)
    io.tell(`note: others on this machine may be able to read ${file.path}, and the key in it: chmod 600 keeps them out.`);
  if (file.target !== file.path) io.tell(`note: ${file.path} is a link, and the key stands in ${file.target}: see that it is not shared.`);
}
