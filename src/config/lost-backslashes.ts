import type { Issue } from './types.ts';

/** `C:` with something else than a slash behind it: no program and no folder begins so but by mistake. */
const DRIVE = /^[A-Za-z]:[^\\/]/;
/** An argument may, so it has to end like a file, or hold what only an escape makes. */
const FILE = /[\b\f\n\r\t\v]|\.[A-Za-z]\w{0,4}$/;

export interface PathTexts {
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly envFile?: string | undefined;
}

/**
 * Warns of Windows paths that were pasted with single backslashes: `"C:\Users"` is `C:Users` in JSON5, and `\n` in it a line break.
 *
 * @param place says where the value of a key stands: its offset and its path
 */
export function warnOfLostBackslashes(
  { command, cwd, envFile, args = [] }: PathTexts,
  place: (key: string) => Pick<Issue, 'at' | 'keyPath'>,
  report: (issue: Issue) => void,
): void {
  const warn = (where: Pick<Issue, 'at' | 'keyPath'>): void =>
    report({
      ...where,
      severity: 'warning',
      message: 'Looks like a Windows path whose backslashes are lost',
      hint: 'Write \\\\ or / for each of them',
    });
  for (const [key, text] of Object.entries({ command, cwd, envFile })) if (text !== undefined && DRIVE.test(text)) warn(place(key));
  const { at, keyPath } = place('args');
  for (const [index, text] of args.entries()) if (DRIVE.test(text) && FILE.test(text)) warn({ at, keyPath: `${keyPath}[${index}]` });
}
