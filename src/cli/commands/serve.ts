import { join } from 'node:path';
import {
  type ClaimedPort,
  createLogger,
  type Disposable,
  HubError,
  hubPaths,
  isHubError,
  type Logger,
  type LogSink,
  systemClock,
} from '../../base/index.ts';
import { type AccessOptions, LogFile } from '../../hub/index.ts';
import type { ServeOptions } from '../args.ts';
import { describeError } from '../diagnostics.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { logFailure } from '../failed-start.ts';
import type { CreateHub } from '../load-hub.ts';
import { terminalLog } from '../log-terminal.ts';
import { tellPortInUse } from '../port-owner.ts';
import { takeEnvironment } from '../process-environment.ts';
import { accessNotices, firstKeyLines, keyPlace } from '../serve-access.ts';
import { ServiceNotify } from '../service-notify.ts';
import { ProcessLife } from '../signals.ts';
import { StartScreen } from '../start-screen.ts';
import { takeConsole } from '../take-console.ts';
import { keepTickShape } from '../tick-shape.ts';
import { styleFor } from '../style.ts';

/** From the open port until the log file is opened, in milliseconds; what is logged meanwhile waits. */
const LOG_OPENS_AFTER_MS = 250;

export interface ServeContext {
  readonly options: ServeOptions;
  readonly process: NodeJS.Process;
  readonly version: string;
  readonly createHub: CreateHub;
  /** Who may use the hub. */
  readonly access?: AccessOptions;
  /** The port, opened before all this was loaded. */
  readonly claimed?: ClaimedPort;
}

/**
 * `mcp-hub serve`: runs a hub until a signal ends it. Resolves when the port is open, or when the start has failed and
 * the process is on its way out; never rejects.
 */
export async function runServe(context: ServeContext): Promise<void> {
  const { options, process, version, createHub, claimed, access } = context;
  keepTickShape();
  const paths = hubPaths(process.env);
  const env = takeEnvironment(process);
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const logFile = new LogFile({ dir: paths.logDir, pid: process.pid, clock: systemClock, onProblem: (text) => tell(`warning: ${text}`) });
  const sinks = [logFile.sink, terminalSink(context)];
  const { port, socket, host, configFiles, shutdownDelayMs, watch } = options;
  const cwd = process.cwd();
  const hub = createHub({ configFiles, host, port, socket, access, claimed, env, cwd, paths, sinks, version, shutdownDelayMs, watch });
  const screen = startScreen(context, paths.defaultConfigFile, join(paths.logDir, 'mcp-hub.log'));
  const logger = createLogger(sinks);
  const service = new ServiceNotify({ env: process.env, pid: process.pid, clock: systemClock, logger });
  let logOpening: Disposable | undefined;
  const life = new ProcessLife({
    process,
    clock: systemClock,
    logger,
    stop: async () => {
      service.stopping();
      screen.dispose();
      claimed?.dispose();
      logOpening?.dispose();
      await hub.stop();
      await Promise.all([service.close(), logFile.close()]);
    },
    stopWithinMs: () => hub.stopWithinMs,
    redact: (text) => hub.redact(text),
    reload: () => void service.reloading(() => hub.reload()),
    onStartError: (error) => void fail(error),
  });
  const fail = async (error: unknown): Promise<void> => {
    if (life.stopping) return;
    const cause = asPortInUse(error, port ?? 0);
    // To the file alone: the terminal is told in lines for a person.
    logFailure(createLogger([logFile.sink]), cause, (text) => hub.redact(text));
    if (isHubError(cause, 'PORT_IN_USE') && cause.details['socket'] === undefined) await tellPortInUse(process, cause, port ?? 0);
    else for (const line of describeError(cause)) tell(line);
    life.end(exitCodeOf(cause));
  };

  life.watch();
  takeConsole(globalThis.console, (text) => logger.debug(`A library says: ${hub.redact(text)}`));
  for (const notice of accessNotices(options)) tell(notice);
  screen.follow(hub);
  endWith(hub, life, logger);
  try {
    const opened = await hub.start();
    life.started();
    service.ready();
    for (const line of opened.firstKey === undefined ? [] : firstKeyLines(opened.firstKey)) tell(line);
    screen.opened(opened.port, keyPlace(opened, options, access?.given !== undefined));
    // Clients ask for lists as soon as the port is open; what loads the file's libraries would hold them up.
    if (!life.stopping) logOpening = systemClock.after(LOG_OPENS_AFTER_MS, () => void logFile.open());
  } catch (error) {
    await fail(error);
  }
}

/** The process ends when the hub says that nobody needs it any more, or that another process is to take its place. */
function endWith(hub: ReturnType<CreateHub>, life: ProcessLife, logger: Logger): void {
  hub.on('idle', ({ forMs }) => {
    logger.info('No client is connected any more; the hub is stopping.', { forMs });
    life.end(0);
  });
  hub.on('ended', () => {
    logger.info('A restart of the whole process was asked for; the hub is stopping.');
    life.end(0);
  });
}

function terminalSink({ options, process }: ServeContext): LogSink {
  const style = styleFor(process.stderr, process.env);
  return terminalLog({ write: (text) => process.stderr.write(text), style, verbose: options.verbose });
}

function startScreen({ options, process }: ServeContext, defaultConfigFile: string, logFile: string): StartScreen {
  const configFiles = options.configFiles.length > 0 ? options.configFiles : [defaultConfigFile];
  return new StartScreen({
    write: (text) => process.stdout.write(text),
    clock: systemClock,
    style: styleFor(process.stdout, process.env),
    summary: { host: options.host, socket: options.socket, configFiles, logFile },
  });
}

/** A listen error may come past every promise, as Node's own. */
function asPortInUse(error: unknown, port: number): unknown {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  return taken ? new HubError('PORT_IN_USE', error.message, { cause: error, details: { port } }) : error;
}
