import { isPrivateHost, plainHost } from '../base/index.ts';
import type { RemoteDefinition } from './config.ts';
import type { Entry, ServerEntry } from './server-entry.ts';
import { keyPath } from './source.ts';
import { nonEmptyText, type Type } from './types.ts';

/** A host name, an IP address, or `*.` and a name for all names below it. Read as `URL` writes hosts. */
export const hostPattern: Type<string> = {
  words: 'a host name',
  schema: { type: 'string', minLength: 1 },
  read(node, path, report) {
    const value = nonEmptyText.read(node, path, report)?.trim();
    if (value === undefined) return undefined;
    const prefix = value.startsWith('*.') ? '*.' : '';
    const name = value.slice(prefix.length);
    const bare = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
    const url = `http://${bare}/`;
    if (/^[^/?#@\\\s*]+$/.test(bare) && !/[^\]]:\d*$|\]:/.test(bare) && URL.canParse(url))
      return `${prefix}${plainHost(new URL(url).hostname)}`;
    const hint = 'Write it without a port and a path: "mcp.example.com", "*.example.com", "10.0.0.5"';
    report({ severity: 'error', at: node.at, keyPath: path, message: 'Is not the name of a host', hint });
    return undefined;
  },
};

/** Whether servers may be at that host. @param patterns of `allowedUpstreamHosts`; any host when there are none */
export function isAllowedHost(hostname: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true;
  const host = plainHost(hostname);
  return patterns.some((pattern) => (pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern));
}

/** An entry with an error where a literal address of it is at none of the hosts that are allowed; the others are checked at launch. */
export function withinHosts(entry: ServerEntry, patterns: readonly string[]): ServerEntry {
  const { definition, diagnostics } = entry;
  if (definition.kind !== 'remote' || patterns.length === 0) return entry;
  const outside = addressesOf(definition).find((url) => isLiteral(url) && !isAllowedHost(new URL(url).hostname, patterns));
  if (outside === undefined) return entry;
  const message = `The host ${new URL(outside).hostname} is none of "allowedUpstreamHosts"`;
  const error = entry.errorAt(definition.urls ? 'urls' : 'url', message, 'Add it to that setting of the hub if servers may be there');
  const { kind: _kind, url: _url, urls: _urls, headers: _headers, env: _env, transport: _transport, ...base } = definition;
  const { forwardHeaders: _forwardHeaders, publicOnly: _publicOnly, ...rest } = base;
  const invalid = { ...rest, kind: 'invalid' as const, isRemote: true as const, errors: [...rest.errors, error] };
  return { ...entry, definition: invalid, diagnostics: [...diagnostics, error] };
}

/** Only what can be seen in the entry; names are looked up when a connection is made. */
export function checkPublic({ values: { url, urls = [], publicOnly }, node, path, report }: Entry): void {
  if (publicOnly !== true) return;
  for (const [key, address] of [['url', url], ...urls.map((each) => ['urls', each])] as const) {
    if (key === undefined || address === undefined || !isLiteral(address) || !isPrivateHost(new URL(address).hostname)) continue;
    const at = node.members.findLast((member) => member.key === key)?.value.at ?? node.at;
    const message = 'Is an address of this machine or of a private network, which "publicOnly" forbids';
    report({ severity: 'error', at, keyPath: keyPath(path, key), message, hint: 'Remove "publicOnly" in the config file if you mean it' });
  }
}

function addressesOf({ url, urls = [url] }: RemoteDefinition): readonly string[] {
  return urls;
}

function isLiteral(address: string): boolean {
  return !address.includes('$') && URL.canParse(address);
}
