import { HubError, messageOf } from '../../base/index.ts';
import type { RemoteLaunch } from '../launch.ts';
import type { HttpPeer } from './http-errors.ts';

/** Where a remote launch goes. Holds secrets: lives inside a transport only. */
export interface HttpTarget {
  readonly url: URL;
  /** Name, in lower case, and value. */
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Reads the URL and the headers of a launch.
 *
 * @throws HubError CONFIG_ERROR when one of them cannot be used; the message never holds a resolved value.
 */
export function httpTarget(id: string, launch: RemoteLaunch): HttpTarget {
  const fail = (problem: string): never => {
    throw new HubError('CONFIG_ERROR', `Server "${id}" (${launch.label}) cannot be called: ${problem}`, { details: { server: id } });
  };
  const value = launch.url.reveal();
  if (!URL.canParse(value)) return fail('its "url" is not a URL once its placeholders are resolved.');
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return fail('its "url" must begin with http:// or https://.');
  if (url.username !== '' || url.password !== '') {
    return fail('its "url" holds a user name or password. Put an Authorization header into "headers" instead.');
  }
  const headers = new Headers();
  for (const [header, secret] of Object.entries(launch.headers)) {
    try {
      headers.set(header, secret.reveal());
    } catch (error) {
      // Expected: TypeError for what HTTP does not allow. Its message quotes the value, so only its kind is told.
      return fail(`the header "${header}" has a name or value that HTTP does not allow (${launch.redact(kindOf(error))}).`);
    }
  }
  return { url, headers: [...headers] };
}

/** The server behind a launch, as messages name it. */
export function httpPeer(id: string, launch: RemoteLaunch): HttpPeer {
  const { label, login } = launch;
  return {
    id,
    label,
    get awaitsLogin() {
      return login?.authorizationUrl !== undefined;
    },
    redact: (text) => launch.redact(text),
  };
}

function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : messageOf(error);
}
