import { HubError, hubPaths, isHubError } from '../../base/index.ts';
import { describeError } from '../diagnostics.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { findHub, type FoundHub } from '../find-hub.ts';
import { relay, type RelayEnd } from '../relay.ts';
import type { StdioOptions } from '../stdio-args.ts';
import { printable } from '../style.ts';

/** How often it is tried anew when a hub goes away before anything was sent to it. */
const ATTEMPTS = 3;
/** How long a client may take at the end to read what was written, in milliseconds. */
const WRITTEN_WITHIN_MS = 10_000;

export interface StdioContext {
  readonly options: StdioOptions;
  readonly process: NodeJS.Process;
}

/**
 * `mcp-hub stdio`: an MCP server on standard input and output that is the hub's (spec 2026-07-28 basic/transports/stdio).
 * Nothing but what the hub sends is written to standard output. Resolves when the process is on its way out; never rejects.
 */
export async function runStdio({ options, process }: StdioContext): Promise<void> {
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const exit = (code: number): void => {
    // On some systems pipes are written in the background: what was sent has to be out before the end.
    if (process.stdout.destroyed || process.stdout.writableEnded) process.exit(code);
    process.stdout.write('', () => process.exit(code));
    setTimeout(() => process.exit(code), WRITTEN_WITHIN_MS);
  };
  const gone = endOnSignals(process);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {
      // Expected: EPIPE, the client is gone; the relay sees that too.
    });
  }
  try {
    const { end, hub } = await serve({ options, process }, tell, gone);
    if (end === 'hub-gone' || end === 'untouched') {
      tell(`error: The hub (pid ${hub.pid}, port ${hub.port}) has gone. Start this command again to get a new one.`);
      exit(3);
    } else exit(0);
  } catch (error) {
    for (const line of describeError(error)) tell(printable(line));
    const { exitCode } = isHubError(error) ? error.details : {};
    exit(typeof exitCode === 'number' && exitCode !== 0 ? exitCode : exitCodeOf(error));
  }
}

async function serve(
  { options, process }: StdioContext,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<{ end: RelayEnd; hub: FoundHub }> {
  const { configFiles, server, shutdownDelayMs, verbose } = options;
  const [, script] = process.argv;
  if (script === undefined) throw new HubError('UNHANDLED_ERROR', 'The path of this command is not known.');
  for (let attempt = 1; ; attempt += 1) {
    const hub = await findHub({
      configFiles,
      server,
      shutdownDelayMs,
      paths: hubPaths(process.env),
      cwd: process.cwd(),
      script,
      debug: (text) => {
        if (verbose) tell(text);
      },
      onHubSays: (text) => {
        if (text !== '') tell(printable(text.trimEnd()));
      },
    });
    const { socket, head } = hub;
    const end = await relay({ input: process.stdin, output: process.stdout, socket, head, signal });
    // A client that has said nothing yet has no session to lose.
    if (end !== 'untouched' || attempt === ATTEMPTS) return { end, hub };
  }
}

/** Who ends this process wants it gone at once. The signal that is returned aborts before it goes. */
function endOnSignals(process: NodeJS.Process): AbortSignal {
  const gone = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      gone.abort();
      process.exit(0);
    });
  }
  return gone.signal;
}
