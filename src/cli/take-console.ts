import { format } from 'node:util';

const METHODS = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const;

/**
 * What libraries print past the hub's log goes to `tell`: they quote what servers answer, and servers quote tokens.
 *
 * @param target the console of the process
 */
export function takeConsole(target: Pick<Console, (typeof METHODS)[number]>, tell: (text: string) => void): void {
  for (const method of METHODS) target[method] = (...words: readonly unknown[]) => tell(format(...words));
}
