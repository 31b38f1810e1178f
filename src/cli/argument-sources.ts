import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HubError, messageOf } from '../base/index.ts';
import type { CommandIo } from './command.ts';
import type { ArgumentSources } from './tool-arguments.ts';

/** The hub takes no larger body by default, in characters. */
const MAX_INPUT = 64 * 1024 * 1024;

/** Files from the current folder, and the process's standard input. */
export function argumentSources({ process, signal }: CommandIo): ArgumentSources {
  return {
    async readFile(name) {
      try {
        return await readFile(resolve(process.cwd(), name), { encoding: 'utf8', signal });
      } catch (cause) {
        throw new HubError('USAGE', `The file ${name} cannot be read: ${messageOf(cause)}.`, { cause });
      }
    },
    async readInput() {
      const { stdin } = process;
      const stop = (): void => void stdin.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        let text = '';
        for await (const chunk of stdin.setEncoding('utf8')) {
          text += String(chunk);
          if (text.length > MAX_INPUT) throw new HubError('USAGE', 'Standard input is too large.');
        }
        return text;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
