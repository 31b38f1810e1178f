import { Argument, type Command, Option } from 'commander';
import { HubError } from '../../base/index.ts';
import { checkSecretName, type SecretPlace, secretStore } from '../../config/index.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { readSecret } from '../read-secret.ts';
import { asUsage } from '../option-values.ts';
import { printable } from '../style.ts';
import { columns } from '../columns.ts';

/** `mcp-hub secret set|list|rm`: what `${keyring:name}` stands for. */
export const command: CommandSpec = {
  needsNoHub: true,
  configure: (line: Command) =>
    line
      .description(
        'Keeps secrets outside of the config, which names them as ${keyring:name}: in the keyring of the system, or else in a file that is ' +
          'sealed. "set" asks for the value, or reads it from standard input; it never stands on the command line. No value is ever shown.',
      )
      .addArgument(new Argument('<action>', 'what to do').choices(['set', 'list', 'rm']))
      .argument('[name]', 'the name of the secret, for set and rm')
      .argument('[value...]')
      .addOption(
        new Option('--store <store>', 'set: where to keep it (default: keyring, or file where there is none)').choices(['keyring', 'file']),
      ),
  examples: [
    'mcp-hub secret set github',
    'pass show github | mcp-hub secret set github --store file',
    'mcp-hub secret list',
    'mcp-hub secret rm github',
  ],
  async run([action, name, ...values], options, io) {
    refuseMix(action, name, values, options);
    if (action === 'list' || name === undefined) return list(io);
    if (action === 'rm') return remove(name, io);
    const { store } = options;
    return set(name, store === 'keyring' || store === 'file' ? store : undefined, io);
  },
};

/** A value on the command line is not told again, not even to say that it is wrong there. */
function refuseMix(
  action: string | undefined,
  name: string | undefined,
  values: readonly string[],
  options: Readonly<Record<string, unknown>>,
): void {
  const errors: string[] = [];
  if (values.length > 0)
    errors.push(
      'A value on the command line can be seen by every user of this machine, and stays in the history of the shell. Give the name alone; the value is asked for, or read from standard input.',
    );
  if (action === 'list' && name !== undefined) errors.push('"list" takes no name.');
  if (action !== 'list' && name === undefined) errors.push(`"${action}" needs the name of the secret.`);
  if (action !== 'set' && options['store'] !== undefined) errors.push('--store goes with "set".');
  if (errors.length > 0) throw new HubError('USAGE', errors.join('\n'), { details: { errors } });
}

async function set(name: string, wanted: SecretPlace | undefined, io: CommandIo): Promise<void> {
  const secrets = secretStore(io.process.env);
  // Before anybody types.
  try {
    checkSecretName(name);
  } catch (error) {
    throw asUsage(error);
  }
  const value = await readSecret(name, io);
  const { store, reason } = await secrets.set(name, value, wanted);
  if (io.isJson) return io.printJson({ name, store, ...(reason !== undefined && { reason }) });
  if (reason !== undefined) io.tell(printable(`Not in the keyring of the system: ${reason}.`));
  io.print(`Secret "${name}" is kept in the ${wordsFor[store]}. The config names it \${keyring:${name}}.`);
  io.tell('Servers that use it get it at their next start: mcp-hub restart <server>');
}

async function remove(name: string, io: CommandIo): Promise<void> {
  const store = await secretStore(io.process.env).remove(name);
  if (io.isJson) return io.printJson({ name, store });
  io.print(`Secret "${name}" is removed from the ${wordsFor[store]}.`);
}

async function list(io: CommandIo): Promise<void> {
  const secrets = await secretStore(io.process.env).list();
  if (io.isJson) return io.printJson({ secrets });
  if (secrets.length === 0) io.tell('No secret is stored. Store one: mcp-hub secret set <name>');
  else io.print(columns(secrets.map(({ name, store }) => [name, store])));
}

const wordsFor = { keyring: 'keyring of the system', file: 'sealed file secrets.json' } as const satisfies Record<SecretPlace, string>;
