import { HubError } from '../base/index.ts';

/** What `MCP_HUB_ENV` says. */
export interface HubEnvironment {
  /** For the environment of every server, and for placeholders. */
  readonly variables: Readonly<Record<string, string>>;
  /** The answers to `${input:id}`, by id. */
  readonly inputs: Readonly<Record<string, string>>;
}

const INPUT = 'input:';

/**
 * Reads `MCP_HUB_ENV`, a JSON object of strings. Not set or empty is the same as `{}`; `null` values are left out.
 *
 * @throws HubError CONFIG_ERROR; the message never holds a value
 */
export function readHubEnvironment(env: NodeJS.ProcessEnv): HubEnvironment {
  const entries = Object.entries(parse(env['MCP_HUB_ENV'])).map(([key, value]): [string, string] => [key, textOf(key, value)]);
  const pick = (wanted: boolean): [string, string][] => entries.filter(([key]) => key.startsWith(INPUT) === wanted);
  return {
    variables: Object.fromEntries(pick(false)),
    inputs: Object.fromEntries(pick(true).map(([key, value]) => [key.slice(INPUT.length), value])),
  };
}

function parse(text: string | undefined): object {
  if (text === undefined || text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text, (_, inner: unknown) => (inner === null ? undefined : inner));
  } catch {
    // The parser's own message would quote the text, and with it secrets.
    throw new HubError('CONFIG_ERROR', 'MCP_HUB_ENV is not JSON. Set it to an object such as {"NAME":"value"}, or unset it.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new HubError('CONFIG_ERROR', 'MCP_HUB_ENV is not a JSON object. Set it to one such as {"NAME":"value"}, or unset it.');
}

function textOf(key: string, value: unknown): string {
  if (key === '' || (!key.startsWith(INPUT) && /[=\0]/.test(key))) {
    throw new HubError('CONFIG_ERROR', `MCP_HUB_ENV has a key that cannot name a variable: ${JSON.stringify(key)}.`);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new HubError('CONFIG_ERROR', `MCP_HUB_ENV has a value that is not a string, under ${JSON.stringify(key)}.`);
}
