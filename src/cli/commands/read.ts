import { HubError } from '../../base/index.ts';
import { connectHub } from '../api-client.ts';
import { addCallOptions, timeouts } from '../call-options.ts';
import type { CommandSpec } from '../command.ts';
import { resourcePiece, showPieces } from '../content.ts';
import { listOf, memberOf, textOf } from '../json.ts';
import { allServers, type ServerInfo, serverNamed } from '../servers.ts';

export const command: CommandSpec = {
  configure: (line) =>
    addCallOptions(
      line
        .description('Reads a resource and prints its text.')
        .argument('<uri>', 'the address of the resource')
        .option('--server <name>', 'the server that has it (default: the one that lists it)'),
    ),
  examples: ['mcp-hub read file:///notes.md', 'mcp-hub read github://repo/README.md --server github', 'mcp-hub read img://logo --output .'],
  async run([uri = ''], options, io) {
    const client = await connectHub(options, io);
    const { server } = options;
    const servers = await allServers(client);
    const from = typeof server === 'string' ? serverNamed(servers, server) : serverOf(servers, uri);
    const { request_options, timeoutMs } = timeouts(options);
    const answer = await client.post('/api/servers/resources', { server_name: from.name, uri, request_options }, timeoutMs);
    const result = memberOf(answer, 'result');
    if (io.isJson) return io.printJson(result);
    await showPieces(listOf(result, 'contents').map(resourcePiece), uri.replace(/^[^:]*:\/*/, ''), options['output'], io);
  },
};

/** The server that lists the address, else the one that has a template for it. @throws HubError RESOURCE_NOT_FOUND */
function serverOf(servers: readonly ServerInfo[], uri: string): ServerInfo {
  const listing = servers.filter(({ offer }) => offer.resources.some((resource) => textOf(resource, 'uri') === uri));
  const fitting = servers.filter(({ offer }) => offer.resourceTemplates.some((template) => fits(textOf(template, 'uriTemplate'), uri)));
  const candidates = listing.length > 0 ? listing : fitting;
  const [only] = candidates;
  if (candidates.length === 1 && only) return only;
  const names = candidates.map(({ name }) => name);
  const what = names.length > 1 ? `Several servers have ${uri}: ${names.join(', ')}.` : `No server lists ${uri}.`;
  throw new HubError('RESOURCE_NOT_FOUND', `${what} Say which server with --server.`, { details: { uri, servers: names } });
}

/** Whether a template (RFC 6570) can give this address; not every one that it cannot give is told apart. */
function fits(template: string, uri: string): boolean {
  if (template === '') return false;
  const parts = template.split(/\{([^}]*)\}/);
  const pattern = parts.map((part, at) =>
    at % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : /^[+#/?&;.]/.test(part) ? '.*' : '[^/]*',
  );
  return new RegExp(`^${pattern.join('')}$`).test(uri);
}
