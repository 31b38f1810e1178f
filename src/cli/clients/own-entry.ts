import { DEFAULT_PORT } from '../option-values.ts';
import { isRecord, type Values } from './client.ts';

/**
 * Whether an entry of a client is an mcp-hub: its address, or the command that spawns it.
 *
 * @param ports of the hubs that run
 */
export function isHubEntry(name: string, raw: unknown, ports: readonly number[]): boolean {
  if (!isRecord(raw)) return false;
  const address = addressIn(raw);
  return address !== undefined ? isHubAddress(name, address, ports) : isHubCommand(raw['command'], raw['args']);
}

/** The address in an entry, whatever the client calls it. */
export function addressIn({ url, serverUrl, httpUrl }: Values): string | undefined {
  return [url, serverUrl, httpUrl].find((value) => typeof value === 'string');
}

function isHubAddress(name: string, address: string, ports: readonly number[]): boolean {
  if (!URL.canParse(address)) return false;
  const { hostname, port, pathname } = new URL(address);
  if (!/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname) || !/^\/(?:mcp|sse)(?:\/[^/]*)?$/.test(pathname)) return false;
  return [DEFAULT_PORT, ...ports].includes(Number(port)) || /^(?:mcp[-_ ]?)?hub$/i.test(name);
}

function isHubCommand(command: unknown, args: unknown): boolean {
  const parts: unknown[] = [command, args].flat();
  const isProgram = (part: unknown): boolean => typeof part === 'string' && /(?:^|[\\/])mcp-hub(?:\.c?js|\.cmd)?(?:@[\w.-]+)?$/.test(part);
  return parts.includes('stdio') && parts.some(isProgram);
}
