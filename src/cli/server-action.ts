import { HubError } from '../base/index.ts';
import { type ApiClient, connectHub, START_WITHIN_MS } from './api-client.ts';
import type { CommandIo } from './command.ts';
import { isObject, memberOf, textOf } from './json.ts';
import { patiently } from './patience.ts';
import { plural } from './render.ts';
import { allServers, serverInfo, type ServerInfo, serverNamed, withoutName } from './servers.ts';
import { printable } from './style.ts';

/** Asks the hub to do something with a server, and tells how the server is after that. */
export async function actOnServer(path: string, server: string, options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  await actThrough(await connectHub(options, io), path, server, io);
}

/** The same with a hub that is known already. @throws HubError SERVER_NOT_FOUND with the closest name */
export async function actThrough(client: ApiClient, path: string, server: string, io: CommandIo): Promise<void> {
  const { object: before } = serverNamed(await allServers(client), server);
  const work = client.post(path, { server_name: server }, START_WITHIN_MS);
  const answer = await patiently(work, `Waiting for ${printable(server)}: the first start of a server may download it.`, io);
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

/** How a server is, or why it does not run. @throws HubError CONNECTION_ERROR when it was to run and does not */
function tellServer(object: unknown, io: CommandIo): void {
  const info = serverInfo(isObject(object) ? object : {});
  const { name, status, error } = info;
  if (status === 'disconnected' && error !== '') {
    throw new HubError('CONNECTION_ERROR', `${name}: ${withoutName(info)}`, { details: { server: object } });
  }
  if (io.isJson) return io.printJson({ server: object });
  io.print(serverLine(info, io));
}

/** How a server is, in one line. */
export function serverLine({ name, status, error, offer }: ServerInfo, { style }: CommandIo): string {
  const has = status === 'connected' ? `, ${plural(offer.tools.length, 'tool')}` : '';
  return `${style.strong(printable(name))} is ${status}${has}.${error === '' ? '' : ` ${printable(error)}`}`;
}

/** Makes the hub read its config files again. */
export async function reloadConfig(client: ApiClient, io: CommandIo): Promise<void> {
  const answer = await patiently(client.post('/api/restart', {}, START_WITHIN_MS), 'Waiting for the hub.', io);
  if (io.isJson) return io.printJson(answer);
  io.print('The config files are read again; servers whose entry changed are started anew.');
}
