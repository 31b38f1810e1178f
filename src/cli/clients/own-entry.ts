import { DEFAULT_PORT } from '../option-values.ts';
import { isRecord } from './client.ts';

/**
 * Whether an entry of a client is an mcp-hub: its address, or the command that spawns it.
 *
 * @param ports of the hubs that run
 */
export function isHubEntry(name: string, raw: unknown, ports: readonly number[]): boolean {
  if (!isRecord(raw)) return false;
  const address = ['url', 'serverUrl', 'httpUrl'].map((key) => raw[key]).find((value) => typeof value === 'string');
  return typeof address === 'string' ? isHubAddress(name, address, ports) : isHubCommand(raw['command'], raw['args']);
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
