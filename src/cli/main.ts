import { readFileSync } from 'node:fs';

/** Set by build/bundle.mjs; absent when the sources run unbundled. */
declare const HUB_VERSION: string | undefined;

/**
 * The entry of the bundle: what `bin/mcp-hub.js` calls. It answers `--version` alone and loads everything else only when
 * it is needed, because editors run `mcp-hub --version` at every start.
 *
 * Resolves when the command is done or, for `serve`, when the hub runs; a failure is told on stderr and by the exit code.
 */
export async function main(process: NodeJS.Process): Promise<void> {
  const args = process.argv.slice(2);
  const version = hubVersion();
  if (asksForVersion(args)) {
    process.stdout.on('error', () => {
      // Expected: EPIPE, whoever asked is gone.
    });
    process.stdout.write(`${version}\n`);
    return;
  }
  const { run } = await import('./run.ts');
  await run(process, args, version);
}

/** Anywhere on the line, because a client may put its own arguments first; what follows `--` is no option. */
function asksForVersion(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes('--version') || options.includes('-V');
}

function hubVersion(): string {
  if (typeof HUB_VERSION === 'string') return HUB_VERSION;
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  return 'unknown';
}
