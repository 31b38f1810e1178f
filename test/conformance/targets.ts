import type { Server } from 'node:http';
import { bundleSource } from '../support/bundle-source.ts';
import { type RunningHub, runHub } from '../support/in-process-hub.ts';
import { type FixtureEra, serveFixtureHttp } from './fixture/http.ts';
import { PATIENT } from './fixture/patient.ts';
import { startNamingProxy } from './naming-proxy.ts';

/** How the fixture stands behind the hub. */
export interface Form {
  readonly transport: 'stdio' | 'http';
  /** Which eras it speaks. */
  readonly era: FixtureEra;
}

/** One way through the hub: a form of the fixture behind it, an endpoint in front of it. */
export interface Road extends Form {
  readonly endpoint: (typeof ENDPOINTS)[number];
  /** What the suite is pointed at. */
  readonly url: string;
}

/** The fixture itself, and the roads through the hub to it. */
export interface Targets {
  readonly direct: string;
  readonly roads: readonly Road[];
  close(): Promise<void>;
}

/** The endpoints of the hub; names at the second have the server's prefix, which a proxy takes off. */
export const ENDPOINTS = ['/mcp/<server>', '/mcp'] as const;

/** Every form of the fixture. */
export const FORMS: readonly Form[] = (['stdio', 'http'] as const).flatMap((transport) =>
  (['both', 'legacy', 'modern'] as const).map((era) => ({ transport, era })),
);

const SERVER = 'fixture';

/** Starts the fixture (both eras on one URL), and for each form of it a hub with that form as its only server. */
export async function startTargets(forms: readonly Form[] = FORMS): Promise<Targets> {
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
  const roads: Road[] = [];
  for (const form of forms) {
    const entry =
      form.transport === 'stdio'
        ? { command: process.execPath, args: [bundle.file, '--transport', 'stdio', '--era', form.era], env }
        : { url: await serve(serveFixtureHttp(form.era, 0)) };
    const hub = await runHub({ mcpServers: { [SERVER]: entry } });
    hubs.push(hub);
    const hasMadeKeys = form.era === 'legacy';
    const merged = await serve(startNamingProxy(hub.url, { prefix: `${SERVER}__`, hasMadeKeys }));
    const own = `${hub.url}/${SERVER}`;
    const single = hasMadeKeys ? await serve(startNamingProxy(own, { prefix: '', hasMadeKeys })) : own;
    roads.push({ ...form, endpoint: '/mcp/<server>', url: single }, { ...form, endpoint: '/mcp', url: merged });
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
