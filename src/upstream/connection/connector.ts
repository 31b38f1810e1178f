import { HubError, isHubError, Secret } from '../../base/index.ts';
import type { JsonObject } from '../../protocol/index.ts';
import type { Connect, ConnectOptions } from './connect.ts';
import { LiveConnection } from './connection.ts';
import type { Launch, RemoteLaunch, StdioLaunch } from '../launch.ts';
import { Link } from './link.ts';
import { type NegotiateContext, type Negotiated, negotiateRemote, negotiateStdio } from './negotiate.ts';
import type { Transport } from './transport.ts';

/**
 * The function that makes connections.
 *
 * @param version the hub's own, told to every server.
 */
export function connector(version: string): Connect {
  const hubInfo: JsonObject = Object.freeze({ name: 'mcp-hub', version });
  return async (launch, options) => {
    const context = contextOf(launch, options, hubInfo);
    const forward = launch.kind === 'remote' ? launch.forward : undefined;
    const negotiated = await (launch.kind === 'stdio'
      ? overPipe(launch, options, context)
      : overHttp(withHeaders(launch, forward?.(options.clientHeaders)), options, context));
    const { id, clock, logger, requestTimeoutMs, pingIntervalMs, on, signal, listing, former, roots } = options;
    const own = { id, clock, logger, requestTimeoutMs, pingIntervalMs, on, hubInfo, listing, former, roots, redact: context.redact };
    const connection = new LiveConnection({ ...own, ...negotiated, forward });
    try {
      await connection.start(signal);
      return connection;
    } catch (error) {
      await connection.close();
      throw signal.aborted ? signal.reason : error;
    }
  };
}

function contextOf(launch: Launch, options: ConnectOptions, hubInfo: JsonObject): NegotiateContext {
  const { id, clock, logger, signal, initTimeoutMs, knownEra, probeMs, onLateProbe } = options;
  return { id, clock, logger, signal, initTimeoutMs, knownEra, probeMs, onLateProbe, hubInfo, redact: (text) => launch.redact(text) };
}

function withHeaders(launch: RemoteLaunch, more: Readonly<Record<string, string>> = {}): RemoteLaunch {
  const added = Object.entries(more).map(([name, value]) => [name, new Secret(value)]);
  return added.length === 0 ? launch : { ...launch, headers: { ...launch.headers, ...Object.fromEntries(added) } };
}

async function overPipe(launch: StdioLaunch, options: ConnectOptions, context: NegotiateContext): Promise<Negotiated> {
  try {
    return await negotiateStdio(context, () => openLink(options.createStdioTransport(launch), options));
  } catch (error) {
    if (!isHubError(error, 'UPSTREAM_PROTOCOL')) throw error;
    throw new HubError(error.code, `${error.message}${options.stderrText()}`, { details: error.details });
  }
}

async function overHttp(launch: RemoteLaunch, options: ConnectOptions, context: NegotiateContext): Promise<Negotiated> {
  const { id, clock, logger } = options;
  // Only who has remote servers pays for loading what speaks to them.
  const [{ HttpTransport }, { SseTransport }] = await Promise.all([
    import('../remote/http-transport.ts'),
    import('../remote/sse-transport.ts'),
  ]);
  return negotiateRemote(context, {
    transport: launch.transport,
    openHttp: () => openLink(new HttpTransport({ id, launch, clock, logger }), options),
    openSse: () => openLink(new SseTransport({ id, launch, clock, logger }), options),
  });
}

async function openLink(transport: Transport, { id, clock, logger, signal }: ConnectOptions): Promise<Link> {
  const link = new Link({ transport, id, clock, logger });
  await link.open(signal);
  return link;
}
