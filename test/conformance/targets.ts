import { bundleSource } from '../support/bundle-source.ts';
import { runHub } from '../support/in-process-hub.ts';
import { serveFixtureHttp } from './fixture/http.ts';
import { PATIENT } from './fixture/patient.ts';

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
  const patient = process.env[PATIENT];
  // Bundled beforehand: a server that takes two seconds to start is offered the legacy era, and some scenarios need the modern one.
  const server = bundleSource('test/conformance/fixture-server.ts');
  const hub = await runHub({
    mcpServers: {
      http: { url: direct },
      stdio: {
        command: process.execPath,
        args: [server.file, '--transport', 'stdio'],
        env: patient === undefined ? {} : { [PATIENT]: patient },
      },
    },
  });
  return {
    direct,
    http: `${hub.url}/http`,
    stdio: `${hub.url}/stdio`,
    close: async () => {
      await hub.stop();
      server.remove();
      fixture.closeAllConnections();
      await new Promise((resolve) => fixture.close(resolve));
    },
  };
}
