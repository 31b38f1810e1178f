import { HubError } from '../base/index.ts';
import { changeWords } from '../config/index.ts';
import { type ApiClient, connectHub, START_WITHIN_MS } from './api-client.ts';
import type { CommandIo } from './command.ts';
import { isObject, listOf, memberOf, numberOf, textOf, textsOf } from './json.ts';
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
  serverNamed(await allServers(client), server);
  const work = client.post(path, { server_name: server }, START_WITHIN_MS);
  const answer = await patiently(work, `Waiting for ${printable(server)}: the first start of a server may download it.`, io);
  const after = memberOf(answer, 'server');
  checkRenewed(answer);
  tellServer(after, io);
}

/** @throws HubError CONNECTION_ERROR when a restart has left something as it was, or down, although the server runs */
function checkRenewed(answer: unknown): void {
  const server = memberOf(answer, 'server');
  const left = listOf(answer, 'notRenewed').filter(isObject);
  if (left.length === 0 || textOf(server, 'status') !== 'connected') return;
  const hasReplicas = listOf(server, 'replicas').length > 0;
  const words = left.map((one) => {
    const fate = textOf(one, 'status') === 'connected' ? 'goes on as it was' : 'does not run';
    return `${hasReplicas ? `replica ${numberOf(one, 'replica') ?? '?'} of ` : ''}${textOf(server, 'name')} ${fate}: ${textOf(one, 'reason')}`;
  });
  throw new HubError('CONNECTION_ERROR', words.join(' '), { details: { server, notRenewed: left } });
}

/** How a server is, or why it does not run. @throws HubError as {@link checkRuns} */
function tellServer(object: unknown, io: CommandIo): void {
  checkRuns(object);
  if (io.isJson) return io.printJson({ server: object });
  io.print(serverLine(serverInfo(isObject(object) ? object : {}), io));
}

/** @throws HubError CONNECTION_ERROR when a server was to run and does not */
export function checkRuns(object: unknown): void {
  const info = serverInfo(isObject(object) ? object : {});
  if (info.status !== 'disconnected' || info.error === '') return;
  throw new HubError('CONNECTION_ERROR', `${info.name}: ${withoutName(info)}`, { details: { server: object } });
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
  const changes = memberOf(answer, 'changes');
  // A hub of another version does not say.
  if (!isObject(changes)) return io.print('The config files are read again.');
  const words = changeWords({
    added: textsOf(changes['added']),
    removed: textsOf(changes['removed']),
    changed: Object.fromEntries(Object.entries(memberOf(changes, 'changed') ?? {}).map(([name, keys]) => [name, textsOf(keys)])),
    settings: textsOf(changes['settings']),
  });
  io.print(`The config files are read again: ${words === '' ? 'nothing in them is new' : printable(words)}.`);
}
