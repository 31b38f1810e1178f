import type { Case } from './cases.ts';
import type { Address } from './parts/plan.ts';

/** Another hub or proxy from npm, and how it is set up beside ours. */
export interface Peer {
  /** As the table calls it. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
  takesPart(one: Case): boolean;
  /** The arguments of its command. `config` is a file with `mcpServers`. */
  argsOf(setUp: SetUp): readonly string[];
  addressOf(port: number, server: string): Address;
}

export interface SetUp {
  readonly port: number;
  readonly config: string;
  /** The command of the stdio server, for peers that have one server. */
  readonly stdio: readonly [command: string, script: string];
}

const isLegacy = ({ era }: Case): boolean => era === 'legacy';
const isStdioOf16 = ({ upstream, clients }: Case): boolean => upstream === 'stdio' && clients === 16;
const legacyHttp = (port: number, prefix: string): Address => ({
  kind: 'http',
  era: 'legacy',
  url: `http://127.0.0.1:${port}/mcp`,
  prefix,
});

export const PEERS: readonly Peer[] = [
  {
    name: 'mcp-hub 4.2.1',
    package: 'mcp-hub',
    version: '4.2.1',
    takesPart: isLegacy,
    argsOf: ({ port, config }) => ['--port', String(port), '--config', config],
    // It offers the transport of 2024-11-05 only.
    addressOf: (port, server) => ({ kind: 'http+sse', url: `http://127.0.0.1:${port}/mcp`, prefix: `${server}__` }),
  },
  {
    name: '1mcp',
    package: '@1mcp/agent',
    version: 'latest',
    takesPart: isLegacy,
    argsOf: ({ port, config }) => ['serve', '--host', '127.0.0.1', '--port', String(port), '--config', config],
    addressOf: (port, server) => legacyHttp(port, `${server}_1mcp_`),
  },
  {
    name: 'mcp-proxy',
    package: 'mcp-proxy',
    version: '6.7.19',
    takesPart: isStdioOf16,
    argsOf: ({ port, stdio }) => ['--port', String(port), '--host', '127.0.0.1', '--server', 'stream', '--', ...stdio],
    addressOf: (port) => legacyHttp(port, ''),
  },
  {
    name: 'supergateway',
    package: 'supergateway',
    version: '4.0.0',
    takesPart: isStdioOf16,
    argsOf: ({ port, stdio }) => {
      const command = stdio.map((part) => `"${part}"`).join(' ');
      return ['--stdio', command, '--outputTransport', 'streamableHttp', '--stateful', '--port', String(port), '--logLevel', 'none'];
    },
    addressOf: (port) => legacyHttp(port, ''),
  },
];
