import type { Server } from 'node:http';
import { bundleSource } from '../support/bundle-source.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { type FixtureEra, serveFixtureHttp } from './fixture/http.ts';
import { PATIENT } from './fixture/patient.ts';
import { startNamingProxy } from './naming-proxy.ts';

/** The endpoints of the hub; names at the second have the server's prefix, which a proxy takes off. */
export const ENDPOINTS = ['/mcp/<server>', '/mcp'] as const;

/** One way through the hub: a form of the fixture behind it, an endpoint in front of it. */
export interface Road {
  readonly transport: 'stdio' | 'http';
  /** Which eras the fixture speaks. */
  readonly era: FixtureEra;
  readonly endpoint: (typeof ENDPOINTS)[number];
}

/** A road that can be walked. */
export interface OpenRoad extends Road {
  /** What the suite is pointed at. */
  readonly url: string;
}

/** The fixture itself, and the roads through the hub to it. */
export interface Targets {
  readonly direct: string;
  readonly roads: readonly OpenRoad[];
  close(): Promise<void>;
}

/** Every road. */
const ROADS: readonly Road[] = (['stdio', 'http'] as const).flatMap((transport) =>
  (['both', 'legacy', 'modern'] as const).flatMap((era) => ENDPOINTS.map((endpoint) => ({ transport, era, endpoint }))),
);

const SERVER = 'fixture';

/**
 * Starts the fixture (both eras on one URL), and for each road a hub with a fixture of its own as its only server: scenarios leave
 * calls with open questions behind, which would lead later calls elsewhere.
 */
export async function startTargets(wanted: readonly Road[] = ROADS): Promise<Targets> {
  // Bundled beforehand: a server that takes two seconds to start is offered the legacy era, and some scenarios need the modern one.
  const bundle = bundleSource('test/conformance/fixture-server.ts');
  const servers: Server[] = [];
  const hubs: RunningHub[] = [];
  const serve = async (server: Promise<Server>): Promise<string> => {
    const started = await server;
    servers.push(started);
    return urlOf(started);
  };
  const direct = await serve(serveFixtureHttp('both', 0));
  const patient = process.env[PATIENT];
  const env = patient === undefined ? {} : { [PATIENT]: patient };
  const roads: OpenRoad[] = [];
  for (const road of wanted) {
    const { transport, era, endpoint } = road;
    const entry =
      transport === 'stdio'
        ? { command: process.execPath, args: [bundle.file, '--transport', 'stdio', '--era', era], env }
        : { url: await serve(serveFixtureHttp(era, 0)) };
    const hub = await runHub({ mcpServers: { [SERVER]: entry } });
    hubs.push(hub);
    const [target, prefix] = endpoint === '/mcp' ? [hub.url, `${SERVER}__`] : [`${hub.url}/${SERVER}`, ''];
    const hasMadeKeys = era === 'legacy';
    const needsProxy = hasMadeKeys || prefix !== '';
    roads.push({ ...road, url: needsProxy ? await serve(startNamingProxy(target, { prefix, hasMadeKeys })) : target });
  }
  return {
    direct,
    roads,
    close: async () => {
      for (const hub of hubs) await hub.stop();
      bundle.remove();
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}/mcp`;
}
