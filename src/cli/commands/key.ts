import { Argument, InvalidArgumentError, Option } from 'commander';
import { HubError, hubPaths, messageOf, systemClock } from '../../base/index.ts';
import {
  type ApiKey,
  type ApiKeyFile,
  apiKeyFile,
  createApiKey,
  expiryOf,
  isKeyScope,
  keyScopes,
  type KeyScope,
  revokeApiKey,
} from '../../config/index.ts';
import { columns } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { asUsage } from '../option-values.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  needsNoHub: true,
  configure: (line) =>
    line
      .description(
        "Makes, lists and revokes the API keys of this person's hubs. They are kept as hashes in the data folder; hubs that run go by a " +
          `change at once. Scopes: ${Object.entries(keyScopes)
            .map(([name, meaning]) => `"${name}", ${meaning.replaceAll('`', '')}`)
            .join('; ')}.`,
      )
      .addArgument(new Argument('<action>', 'what to do').choices(['create', 'list', 'revoke']))
      .argument('[name]', 'of the key; to revoke one, also its id or the key itself')
      .addOption(new Option('--scope <scopes>', 'what a new key is good for, with commas between (default: mcp)').argParser(scopes))
      .addOption(
        new Option(
          '--expires <time>',
          'how long a new key lasts, as 12h, 90d or 4w, or until when, as 2027-01-31 (default: for ever)',
        ).argParser(expiry),
      ),
  examples: [
    'mcp-hub key create laptop',
    'mcp-hub key create dashboard --scope read --expires 90d',
    'mcp-hub key list',
    'mcp-hub key revoke laptop',
  ],
  async run([action, name], options, io) {
    const file = apiKeyFile(hubPaths(io.process.env).dataDir);
    if (action === 'list') return list(file, io);
    if (name === undefined || name === '') throw new HubError('USAGE', `Say which key: mcp-hub key ${action} <name>.`);
    if (action === 'revoke') return revoke(file, name, io);
    return create(file, name, options, io);
  },
};

async function create(file: ApiKeyFile, name: string, options: Readonly<Record<string, unknown>>, io: CommandIo): Promise<void> {
  const { scope, expires } = options;
  const nowMs = systemClock.now();
  const wanted = Array.isArray(scope) ? scope.filter(isKeyScope) : (['mcp'] as const);
  const expiresAt = typeof expires === 'string' ? expires : null;
  const { key, text } = await createApiKey(file, { name, scopes: wanted, expiresAt }, nowMs).catch((error: unknown) => {
    throw asUsage(error);
  });
  if (io.isJson) return io.printJson({ key: text, ...shown(key) });
  io.tell(
    `The key ${JSON.stringify(name)} for ${key.scopes.join(', ')}${expiresAt === null ? '' : `, until ${expiresAt}`}. It is shown this once:`,
  );
  // Alone on standard output, so that a script can take it.
  io.print(text);
}

function list(file: ApiKeyFile, io: CommandIo): void {
  const keys = file.read();
  if (io.isJson) return io.printJson({ keys: keys.map(shown) });
  if (keys.length === 0) return io.print('There are no API keys. "mcp-hub key create <name>" makes one.');
  const head = ['ID', 'NAME', 'SCOPES', 'CREATED', 'EXPIRES', 'LAST USED'].map((text) => ({ text, paint: io.style.quiet }));
  const rows = keys.map((key) => [
    key.id,
    printable(key.name),
    key.scopes.join(', '),
    minute(key.createdAt),
    key.expiresAt === null ? 'never' : `${minute(key.expiresAt)}${Date.parse(key.expiresAt) <= systemClock.now() ? ' (over)' : ''}`,
    key.lastUsedAt === null ? 'never' : minute(key.lastUsedAt),
  ]);
  io.print(columns([head, ...rows]));
}

async function revoke(file: ApiKeyFile, name: string, io: CommandIo): Promise<void> {
  const key = await revokeApiKey(file, name);
  if (io.isJson) return io.printJson(shown(key));
  io.print(`The key ${JSON.stringify(key.name)} (id ${key.id}) is good for nothing any more.`);
}

function shown({ hash: _hash, ...key }: ApiKey): object {
  return key;
}

const minute = (time: string): string => time.slice(0, 16).replace('T', ' ');

function scopes(text: string): readonly KeyScope[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every(isKeyScope)) return names;
  throw new InvalidArgumentError(`It takes ${Object.keys(keyScopes).join(', ')}, with commas between.`);
}

function expiry(text: string): string {
  try {
    return expiryOf(text, systemClock.now());
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}
