import { claimPort, type ClaimedPort, isHubError } from '../base/index.ts';
import type { AccessOptions } from '../hub/index.ts';
import type { ServeOptions } from './args.ts';
import { describeError } from './diagnostics.ts';
import { exitCodeOf } from './exit-codes.ts';
import { appendFailure } from './failed-start.ts';
import { fixHeapGrowth } from './heap-growth.ts';
import { loadServing } from './load-serving.ts';
import { accessOf } from './serve-access.ts';

/**
 * Opens the port before the hub is loaded, so that one that comes second ends at once, and then runs `serve`. Of ten editors
 * that start a hub at the same moment nine are done before the tenth has read its config.
 */
export async function startServing(process: NodeJS.Process, options: ServeOptions, version: string): Promise<void> {
  let claimed: ClaimedPort | undefined;
  // Who comes second needs it to find out who was first, and the hub to serve: it is not loaded while clients wait.
  await import('node:http');
  const access = await accessOrEnd(process, options);
  if (!access) return;
  try {
    if (options.port !== undefined) claimed = await claimPort(options.host, options.port);
  } catch (error) {
    if (isHubError(error, 'PORT_IN_USE')) {
      // Whoever started this one may have gone meanwhile: EPIPE is expected.
      process.stderr.on('error', () => {});
      const { tellPortInUse } = await import('./port-owner.ts');
      await Promise.all([tellPortInUse(process, error, options.port ?? 0), appendFailure(process, error)]);
      process.exitCode = 2;
      return;
    }
    // Whatever else it is happens to the hub again, which says it properly.
  }
  // Before the hub is loaded: V8 takes no code that was compiled with other flags than those of the moment.
  fixHeapGrowth();
  const { runServe, createHub } = await loadServing();
  await runServe({ options, process, version, createHub, access, ...(claimed && { claimed }) });
}

/** Who may use the hub; nothing when it must not start with these options, which is told then. */
async function accessOrEnd(process: NodeJS.Process, options: ServeOptions): Promise<AccessOptions | undefined> {
  try {
    return await accessOf(options, process);
  } catch (error) {
    process.stderr.on('error', () => {});
    for (const line of describeError(error)) process.stderr.write(`${line}\n`);
    await appendFailure(process, error);
    process.exitCode = exitCodeOf(error);
    return undefined;
  }
}
