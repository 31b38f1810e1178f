import { join } from 'node:path';
import { runHub } from '../support/in-process-hub.ts';
import { serveFixtureHttp } from './fixture/http.ts';

const root = join(import.meta.dirname, '../..');

/** The fixture itself, and the hub in front of it, reached over HTTP and over stdio. */
export interface Targets {
  readonly direct: string;
  readonly http: string;
  readonly stdio: string;
  close(): Promise<void>;
}

/** Starts the fixture (both eras on one URL) and a hub that has it twice: as a remote server and as a local one. */
export async function startTargets(): Promise<Targets> {
  const fixture = await serveFixtureHttp('both', 0);
  const address = fixture.address();
  if (address === null || typeof address === 'string') throw new Error('The fixture has no port.');
  const direct = `http://127.0.0.1:${address.port}/mcp`;
  const script = join(root, 'test/conformance/fixture-server.ts');
  const hub = await runHub({
    mcpServers: {
      http: { url: direct },
      stdio: { command: process.execPath, args: [join(root, 'build/run-ts.mjs'), script, '--transport', 'stdio'] },
    },
  });
  return {
    direct,
    http: `${hub.url}/http`,
    stdio: `${hub.url}/stdio`,
    close: async () => {
      await hub.stop();
      fixture.closeAllConnections();
      await new Promise((resolve) => fixture.close(resolve));
    },
  };
}
