import { HubError, sleep, systemClock } from '../../base/index.ts';
import { connectHub } from '../api-client.ts';
import type { CommandSpec } from '../command.ts';
import { socketOf } from '../hub-address.ts';
import { pidAt } from '../running-hubs.ts';

/** How long a hub may take to end its servers, in milliseconds. */
const GONE_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

export const command: CommandSpec = {
  configure: (line) => line.description('Stops the hub with all its servers, and waits until it is gone.'),
  examples: ['mcp-hub shutdown', 'mcp-hub shutdown --port 37373'],
  async run(_args, options, io) {
    const { hub } = await connectHub(options, io);
    const { pid, port, origin } = hub;
    const socket = socketOf(origin);
    const isHere = socket !== undefined || (port !== undefined && isOnLoopback(origin));
    if (pid === undefined || !isHere) {
      throw new HubError('HUB_NOT_FOUND', `The hub at ${origin} does not run on this machine. Stop it where it runs.`);
    }
    io.process.kill(pid, 'SIGTERM');
    const end = systemClock.now() + GONE_WITHIN_MS;
    while ((await pidAt(hub, io.signal)) === pid) {
      if (systemClock.now() > end) throw new HubError('TIMEOUT', `The hub (pid ${pid}) was asked to stop, and still answers.`);
      await sleep(systemClock, LOOK_EVERY_MS, io.signal);
    }
    if (io.isJson) return io.printJson({ pid, port: port ?? null });
    io.print(`The hub (pid ${pid}, ${socket === undefined ? `port ${port}` : socket}) has stopped.`);
  },
};

const isOnLoopback = (origin: string): boolean => /^http:\/\/(?:127\.|localhost|\[::1\])/.test(origin);
