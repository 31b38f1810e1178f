import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** True when the program can be run by its name, or is a path. */
export async function isOnPath(command: string, env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Promise<boolean> {
  if (/[/\\]/.test(command)) return true;
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const endings = platform === 'win32' ? ['', ...(env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  const paths = folders.flatMap((folder) => endings.map((ending) => join(folder, `${command}${ending}`)));
  const found = await Promise.all(
    paths.map((path) =>
      access(path, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** Where the programs come from that registries' entries run. */
export const origins: Readonly<Record<string, string>> = {
  npx: 'It comes with Node.js: https://nodejs.org',
  uvx: 'It comes with uv: https://docs.astral.sh/uv/',
  docker: 'Install Docker: https://docs.docker.com/get-docker/',
  dnx: 'It comes with the .NET 10 SDK: https://dotnet.microsoft.com',
};
