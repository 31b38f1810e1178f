import { HubError } from '../../base/index.ts';
import { connectHub, START_WITHIN_MS } from '../api-client.ts';
import { columns } from '../columns.ts';
import type { CommandIo, CommandSpec } from '../command.ts';
import { memberOf, textOf } from '../json.ts';
import { finishLogin, Login } from '../login/login.ts';
import { allServers, type ServerInfo, serverNamed } from '../servers.ts';
import { printable } from '../style.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description(
        'Logs in at a server: opens its login page, or prints the address, and waits until the server is connected. Where the browser cannot ' +
          'reach the hub, give the address that it was sent to at the end. Without a name it lists the servers that need a login.',
      )
      .argument('[server]', 'the name of the server')
      .option('--no-browser', 'only print the address of the page')
      .option('--paste [address]', 'end the login with the address that the browser was sent to: given here, or on standard input')
      .option('--logout', 'forget the login, here and at the authorization server'),
  examples: ['mcp-hub auth', 'mcp-hub auth tracker', 'mcp-hub auth tracker --no-browser --paste', 'mcp-hub auth tracker --logout'],
  async run([name], options, io) {
    const client = await connectHub(options, io);
    const servers = await allServers(client);
    if (name === undefined && options['logout'] !== true && options['paste'] === undefined) return tellAll(servers, io);
    if (name === undefined)
      throw new HubError('USAGE', 'Say which server: mcp-hub auth <server>. "mcp-hub auth" lists those that need a login.');
    const server = serverNamed(servers, name);
    if (options['logout'] === true) {
      const answer = await client.post('/api/servers/logout', { server_name: name }, START_WITHIN_MS);
      return tellLogout(name, answer, io);
    }
    const { paste } = options;
    if (typeof paste === 'string') return finishLogin(client, name, paste, io);
    return new Login(client, server, io).run({ isPasting: paste === true, opensBrowser: options['browser'] !== false });
  },
};

function tellAll(servers: readonly ServerInfo[], io: CommandIo): void {
  const needy = servers.filter(({ status }) => status === 'unauthorized');
  const urlOf = ({ object }: ServerInfo): string => textOf(object, 'authorizationUrl');
  if (io.isJson) {
    return io.printJson({ servers: needy.map((server) => ({ name: server.name, authorizationUrl: urlOf(server) || null })) });
  }
  if (needy.length === 0) return io.print('No server needs a login.');
  io.print(columns(needy.map((server) => [{ text: server.name, paint: io.style.strong }, server.rest])));
}

function tellLogout(name: string, answer: unknown, io: CommandIo): void {
  if (io.isJson) return io.printJson({ server: memberOf(answer, 'server'), revoked: memberOf(answer, 'revoked') });
  const where =
    memberOf(answer, 'revoked') === true ? 'here and at the authorization server' : 'here; the authorization server did not take it back';
  io.print(`The login at ${io.style.strong(printable(name))} is forgotten ${where}.`);
}
