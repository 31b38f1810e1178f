import { HubError } from '../base/index.ts';
import { type ApiClient, connectHub, START_WITHIN_MS } from './api-client.ts';
import type { CommandIo } from './command.ts';
import { isObject, memberOf, textOf } from './json.ts';
import { plural } from './render.ts';
import { allServers, serverInfo, serverNamed } from './servers.ts';
import { printable } from './style.ts';

/** Asks the hub to do something with a server, and tells how the server is after that. */
export async function actOnServer(path: string, server: string, options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  const client = await connectHub(options, io);
  const { object: before } = serverNamed(await allServers(client), server);
  const answer = await client.post(path, { server_name: server }, START_WITHIN_MS);
  const after = memberOf(answer, 'server');
  checkReplaced(before, after);
  tellServer(after, io);
}

/** @throws HubError CONNECTION_ERROR when it runs as before, because what was to replace it did not start */
function checkReplaced(before: unknown, after: unknown): void {
  const [was, is] = [memberOf(before, 'lastError'), memberOf(after, 'lastError')];
  const runsOn = textOf(after, 'status') === 'connected' && textOf(before, 'lastStarted') === textOf(after, 'lastStarted');
  if (!runsOn || !isObject(is) || textOf(was, 'at') === textOf(is, 'at')) return;
  const message = `${textOf(after, 'name')} goes on as it was: ${textOf(is, 'message')}`;
  throw new HubError('CONNECTION_ERROR', message, { details: { server: after } });
}

/** How a server is, in one line or as JSON. @throws HubError CONNECTION_ERROR when it was to run and does not */
export function tellServer(object: unknown, io: CommandIo): void {
  const { name, status, error, offer } = serverInfo(isObject(object) ? object : {});
  if (status === 'disconnected' && error !== '') {
    throw new HubError('CONNECTION_ERROR', `${name}: ${error}`, { details: { server: object } });
  }
  if (io.isJson) return io.printJson({ server: object });
  const has = status === 'connected' ? `, ${plural(offer.tools.length, 'tool')}` : '';
  io.print(`${io.style.strong(printable(name))} is ${status}${has}.${error === '' ? '' : ` ${printable(error)}`}`);
}

/** Makes the hub read its config files again. */
export async function restartHub(client: ApiClient, io: CommandIo): Promise<void> {
  const answer = await client.post('/api/restart', {}, START_WITHIN_MS);
  if (io.isJson) return io.printJson(answer);
  io.print('The config files are read again; servers whose entry changed have been restarted.');
}
