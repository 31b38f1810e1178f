import { claimPort, type ClaimedPort, isHubError } from '../base/index.ts';
import type { ServeOptions } from './args.ts';
import { loadHub } from './load-hub.ts';

/**
 * Opens the port before the hub is loaded, so that one that comes second ends at once, and then runs `serve`. Of ten editors
 * that start a hub at the same moment nine are done before the tenth has read its config.
 */
export async function startServing(process: NodeJS.Process, options: ServeOptions, version: string): Promise<void> {
  let claimed: ClaimedPort | undefined;
  // Who comes second needs it to find out who was first, and the hub to serve: it is not loaded while clients wait.
  await import('node:http');
  try {
    claimed = await claimPort(options.host, options.port);
  } catch (error) {
    if (isHubError(error, 'PORT_IN_USE')) {
      // Whoever started this one may have gone meanwhile: EPIPE is expected.
      process.stderr.on('error', () => {});
      const { tellPortInUse } = await import('./port-owner.ts');
      await tellPortInUse(process, error, options.port);
      process.exitCode = 2;
      return;
    }
    // Whatever else it is happens to the hub again, which says it properly.
  }
  const [{ runServe }, createHub] = await Promise.all([import('./commands/serve.ts'), loadHub()]);
  await runServe({ options, process, version, createHub, ...(claimed && { claimed }) });
}
