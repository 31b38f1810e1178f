import { homedir } from 'node:os';

/** The home folder of the user whose environment this is. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  return env['HOME'] ?? env['USERPROFILE'] ?? homedir();
}
