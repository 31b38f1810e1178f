import { isHubError } from '../../base/index.ts';
import { ApiClient } from '../api-client.ts';
import { memberOf, textOf, textsOf } from '../json.ts';
import { plural } from '../render.ts';
import { missingReplicas } from '../replicas.ts';
import type { RunningHub } from '../running-hubs.ts';
import { allServers, outdatedText, type ServerInfo, withoutName } from '../servers.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What a hub that runs says of its servers: those that do not run although they should, or not as the config has them. */
export async function serverFindings(hub: RunningHub, signal: AbortSignal): Promise<readonly Finding[]> {
  let servers: readonly ServerInfo[];
  try {
    servers = await allServers(new ApiClient(hub, signal));
  } catch (error) {
    if (!isHubError(error) || signal.aborted) throw error;
    return [warn('server', `The hub does not tell of its servers: ${error.message}`, 'See what it does with "mcp-hub logs".')];
  }
  const findings = servers.flatMap((server) => findingOf(server) ?? []);
  return findings.length > 0 ? findings : [ok('server', `${plural(servers.length, 'server')} in the hub that runs, and nothing is wrong.`)];
}

function findingOf(server: ServerInfo): Finding | undefined {
  const { name, status, error, object } = server;
  if (status === 'disabled') return undefined;
  if (status === 'unauthorized') return warn('server', `${name}: it needs a login.`, `Log in with "mcp-hub auth ${name}".`);
  if (error !== '')
    return fail('server', `${name}: ${withoutName(server)}`, `${nextTry(server)} "mcp-hub logs ${name}" shows what it wrote.`);
  if (status !== 'connected') return undefined;
  if (object['degraded'] === true)
    return warn('server', `${name}: ${textOf(object, 'degradedReason')}`, `If that lasts, "mcp-hub restart ${name}" starts it anew.`);
  if (server.outdated !== '')
    return warn(
      'server',
      `${name}: ${outdatedText(server)}`,
      'Mend that: the hub tries it again by itself, and at once with "mcp-hub reload".',
    );
  const kept = failedRestart(server);
  if (kept !== undefined)
    return warn('server', `${name}: it goes on as it was. ${kept}`, `Mend that; "mcp-hub restart ${name}" is another attempt.`);
  const missing = missingReplicas(object);
  if (missing !== '') return warn('server', `${name}: ${missing}.`, `"mcp-hub servers ${name}" tells why.`);
  const [note] = textsOf(memberOf(object, 'notes'));
  return note === undefined ? undefined : warn('server', `${name}: ${note}.`, 'That is for the server itself to mend.');
}

function nextTry({ name, object }: ServerInfo): string {
  const isTried = textOf(object, 'nextRetryAt') !== '';
  return isTried ? 'Mend that: the hub tries it again by itself.' : `Mend that, then "mcp-hub start ${name}".`;
}

/** Why a server that runs was not started anew: what failed since its start was neither that one itself nor one of its lists. */
function failedRestart({ name, object }: ServerInfo): string | undefined {
  const failure = memberOf(object, 'lastError');
  const isSince = Date.parse(textOf(failure, 'at')) > Date.parse(textOf(object, 'lastStarted'));
  const reason = withoutName({ name, error: textOf(failure, 'message') });
  const isOfList = textsOf(memberOf(object, 'notes')).some((note) => note.startsWith(reason.replace(/\.$/, '')));
  return isSince && !isOfList ? reason : undefined;
}
