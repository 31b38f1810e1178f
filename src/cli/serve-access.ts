import { HubError, isLoopbackHost, type Secret } from '../base/index.ts';
import type { AccessOptions, OpenHub } from '../hub/index.ts';
import type { ServeOptions } from './args.ts';
import { KEY_VARIABLE, keyFromEnvironment, keyFromFile } from './hub-key.ts';

/** What is shorter can be guessed by trying. */
const MIN_LENGTH = 24;

/**
 * Who may use a hub that is to start: what the command line, the environment and the terminal say of it.
 *
 * @throws HubError USAGE for a key that cannot be read or is too short
 */
export async function accessOf(options: ServeOptions, { env, stderr }: Pick<NodeJS.Process, 'env' | 'stderr'>): Promise<AccessOptions> {
  const { apiKeyFile, host, requireKey } = options;
  const access = { requireKey, mayShowKey: stderr.isTTY };
  if (apiKeyFile !== undefined) return { ...access, given: long(await keyFromFile(apiKeyFile), `--api-key-file ${apiKeyFile}`) };
  const given = keyFromEnvironment(env);
  // It may be meant for another hub, which the commands of this person talk to.
  if (!given || (!isLong(given) && !requireKey && isLoopbackHost(host))) return access;
  return { ...access, given: long(given, KEY_VARIABLE) };
}

/**
 * Where a person finds the key that clients of this hub need, in words for the end of a sentence; `undefined` where none is needed.
 *
 * @param given whether the hub was started with a key
 */
export function keyPlace(
  { needsKey, firstKey }: OpenHub,
  { apiKeyFile }: Pick<ServeOptions, 'apiKeyFile'>,
  given: boolean,
): string | undefined {
  if (!needsKey) return undefined;
  if (apiKeyFile !== undefined) return `the one in ${apiKeyFile}`;
  if (given) return `the one in ${KEY_VARIABLE}`;
  return firstKey === undefined ? 'one that "mcp-hub key create <name>" makes' : 'the one that is shown above';
}

/** The lines for the person at the terminal: the one time that a key is shown. */
export function firstKeyLines(key: string): readonly string[] {
  return [
    '',
    'The hub needs an API key now, and has made the first one ("first", good for everything). It is shown this once:',
    '',
    `  ${key}`,
    '',
    'Clients send it as "Authorization: Bearer <key>". "mcp-hub key" makes others with fewer rights, and revokes them.',
    '',
  ];
}

/** What a person should know of their own options, before anything starts. */
export function accessNotices({ host, port }: Pick<ServeOptions, 'host' | 'port'>): readonly string[] {
  if (port === undefined || isLoopbackHost(host)) return [];
  return [
    `warning: --host ${host} opens the hub to other machines. Every request needs an API key, but nothing is encrypted: outside of`,
    'a network that you trust put a reverse proxy with TLS in front. See docs/security.md.',
  ];
}

const isLong = (key: Secret): boolean => key.reveal().length >= MIN_LENGTH;

function long(key: Secret, source: string): Secret {
  if (isLong(key)) return key;
  throw new HubError('USAGE', `The API key of ${source} is shorter than ${MIN_LENGTH} characters. "mcp-hub key create" makes a good one.`);
}
