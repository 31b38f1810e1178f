import { get } from 'node:http';

const PROBE_TIMEOUT_MS = 500;
/** A hub with many tools lists all of them in its health. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** A running mcp-hub, as it says of itself. */
export interface RunningHub {
  readonly version: string | undefined;
  readonly pid: number | undefined;
}

/** Asks whether an mcp-hub answers on `port` of one of the loopback addresses. Takes half a second at most; never rejects. */
export async function probeHub(port: number): Promise<RunningHub | undefined> {
  const answers = await Promise.all(['127.0.0.1', '::1'].map((host) => readHealth(host, port)));
  return answers.map(asRunningHub).find((hub) => hub !== undefined);
}

/** The body of `GET /api/health`; empty when there is none in time. */
function readHealth(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    const give = (text: string) => (): void => resolve(text);
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const request = get({ host, port, path: '/api/health', agent: false, signal }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_ANSWER_BYTES) request.destroy();
      });
      response.on('end', () => resolve(body));
      response.on('error', give(''));
      response.on('close', give(''));
    });
    // Expected: nobody answers there, or something that does not speak HTTP, or too late.
    request.on('error', give(''));
  });
}

function asRunningHub(body: string): RunningHub | undefined {
  let health: unknown;
  try {
    health = JSON.parse(body);
  } catch {
    // Expected: no answer, or that of another program.
    return undefined;
  }
  if (typeof health !== 'object' || health === null || !('server_id' in health) || health.server_id !== 'mcp-hub') return undefined;
  // `version` is what editors compare; a hub's own is in `hubVersion` where there is one.
  const version = 'hubVersion' in health ? health.hubVersion : 'version' in health ? health.version : undefined;
  const pid = 'pid' in health ? health.pid : undefined;
  return { version: typeof version === 'string' ? version : undefined, pid: typeof pid === 'number' ? pid : undefined };
}
