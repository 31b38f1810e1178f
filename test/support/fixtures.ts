import { fileURLToPath } from 'node:url';
import { Secret } from '../../src/base/index.ts';
import type { StdioLaunch } from '../../src/upstream/index.ts';

/** The path of a server in test/fixtures/servers. */
export function fixtureServer(name: string): string {
  return fileURLToPath(new URL(`../fixtures/servers/${name}.mjs`, import.meta.url));
}

export interface LaunchOverrides {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Taken out of texts. */
  readonly secret?: string;
}

/** A launch of any command. Its environment is `env` and a PATH. */
export function commandLaunch(command: string, args: readonly string[] = [], { env = {}, cwd, secret }: LaunchOverrides = {}): StdioLaunch {
  const all: Record<string, string> = { PATH: process.env['PATH'] ?? '', ...env };
  return {
    kind: 'stdio',
    command: new Secret(command),
    args: args.map((arg) => new Secret(arg)),
    env: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, new Secret(value)])),
    label: [command, ...args].join(' '),
    redact: (text) => (secret ? text.replaceAll(secret, '[redacted]') : text),
    ...(cwd !== undefined && { cwd }),
  };
}

/** A launch of a fixture server. */
export function fixtureLaunch(name: string, args: readonly (string | number)[] = [], overrides: LaunchOverrides = {}): StdioLaunch {
  return commandLaunch(process.execPath, [fixtureServer(name), ...args.map(String)], overrides);
}

/** A launch of a few lines of JavaScript. */
export function scriptLaunch(script: string, overrides: LaunchOverrides = {}): StdioLaunch {
  return commandLaunch(process.execPath, ['-e', script], overrides);
}
