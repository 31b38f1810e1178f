import { isObject, type JsonObject } from '../../src/protocol/index.ts';
import type { RunningHub } from './in-process-hub.ts';

/** The REST API of a hub with one server, `a`. */
export interface OneServer {
  /** Reads, or posts a body. */
  api(path: string, body?: object): Promise<JsonObject>;
  /** Server a, as the API shows it. */
  shown(): Promise<JsonObject>;
  restart(): Promise<JsonObject>;
}

/** @param current the hub that runs now */
export function oneServer(current: () => RunningHub | undefined): OneServer {
  const api: OneServer['api'] = async (path, body) => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await fetch(`${current()?.origin}/api${path}`, body ? post : {});
    const answer: JsonObject = JSON.parse(await response.text());
    return answer;
  };
  return {
    api,
    async shown() {
      const { servers } = await api('/servers');
      const [first] = Array.isArray(servers) ? servers : [];
      if (!isObject(first)) throw new Error('no server');
      return first;
    },
    restart: () => api('/servers/restart', { server_name: 'a' }),
  };
}
