import { headerPattern } from './header-fields.ts';
import { type Fields, flag, listOf } from './types.ts';
import { hostPattern } from './upstream-hosts.ts';

/** What a remote server's entry says of requests to it, beside where they go. */
export const outgoingFields = {
  forwardHeaders: {
    type: listOf(headerPattern),
    about:
      "Names of headers that are handed on to the server with each request when the client's request has them; `X-Foo-*` stands for all that begin so. Those in `headers` win. Tokens, cookies and what belongs to a connection or a message are never handed on (docs/security.md).",
    default: [],
    elsewhere: ['forward_headers', 'passthroughHeaders', 'passthrough_headers', 'allowedHeaders'],
  },
  publicOnly: {
    type: flag,
    about:
      "`true`: the server must be at an address that is open to the world; no connection is made to this machine or a private network, also when its name leads there. It is set in entries that are written over the network. `false`: the server's login may lead into your own network (docs/security.md).",
    elsewhere: ['public_only'],
  },
} satisfies Fields;

/** What the hub's settings say of requests to all servers. */
export const outgoingSettings = {
  allowedUpstreamHosts: {
    type: listOf(hostPattern),
    about:
      'Hosts that servers with a `url` may be at, without a port; `*.example.com` stands for all names below it. A server at any other host has an error and is not called. Empty: any host.',
    default: [],
    elsewhere: ['allowed_upstream_hosts', 'allowedServerHosts'],
  },
} satisfies Fields;
