import { dirname, resolve } from 'node:path';
import { isRecord } from './client.ts';
import type { Dialect, Draft, EntryContext } from './convert.ts';

const same = (value: string): string => value;

/** Clients with plain strings. */
export const literal: Dialect = { text: same, isLiteral: true, silent: ['trust'] };

/** `${VAR}` and `${VAR:-default}` (Claude Code's documentation, "Environment variable expansion"). */
export const claudeCode: Dialect = {
  text: (value) =>
    value.replace(/\$\{([A-Za-z_]\w*)(:-[^}]*)?\}/g, (_, name: string, otherwise = '') => `\${env:${name}${String(otherwise)}}`),
  rename: { timeout: 'requestTimeout' },
  silent: ['alwaysLoad'],
};

/** The spelling of VS Code and its relatives is the hub's own. */
export const editor: Dialect = {
  text: same,
  rename: { disabledTools: 'disabled_tools' },
  silent: ['disabledByUser'],
  adapt: (entry, notes) => addressOf(entry, 'serverUrl', notes),
};

/** `url` is an SSE server or either kind, `httpUrl` is Streamable HTTP; `$VAR` and `${VAR}` (gemini-cli, docs/tools/mcp-server.md). */
export const gemini: Dialect = {
  text: (value, { platform }) => {
    const posix = value.replace(
      /\$(?:\{([A-Za-z_]\w*)(:-[^}]*)?\}|([A-Za-z_]\w*))/g,
      (_, braced?: string, otherwise?: string, bare?: string) => `\${env:${braced ?? bare ?? ''}${otherwise ?? ''}}`,
    );
    return platform === 'win32' ? posix.replace(/%([A-Za-z_]\w*)%/g, '${env:$1}') : posix;
  },
  rename: { timeout: 'requestTimeout', excludeTools: 'disabled_tools' },
  silent: ['trust', 'extension'],
  adapt(entry, notes) {
    addressOf(entry, 'httpUrl', notes);
    onlySome(entry, 'includeTools', notes);
  },
};

/** codex-rs/config/src/mcp_types.rs */
export const codex: Dialect = {
  text: same,
  isLiteral: true,
  silent: ['required', 'supports_parallel_tool_calls', 'default_tools_approval_mode', 'tools', 'name'],
  adapt(entry, notes) {
    switchedOff(entry, notes);
    inMilliseconds(entry, { from: 'startup_timeout_sec', to: 'initTimeout', factor: 1000 }, notes);
    inMilliseconds(entry, { from: 'startup_timeout_ms', to: 'initTimeout', factor: 1 }, notes);
    inMilliseconds(entry, { from: 'tool_timeout_sec', to: 'requestTimeout', factor: 1000 }, notes);
    codexHeaders(entry, notes);
    codexVariables(entry, notes);
    onlySome(entry, 'enabled_tools', notes);
  },
};

/** Local servers have one list as their command; times are one number in V1, and two in V2 (opencode.ai/docs/mcp-servers). */
export const opencode: Dialect = {
  text: (value, context) =>
    value.replace(/\{env:([^{}]+)\}/g, '${env:$1}').replace(/\{file:([^{}]+)\}/g, (_, path: string) => `\${file:${fileOf(path, context)}}`),
  rename: { environment: 'env' },
  adapt(entry, notes) {
    switchedOff(entry, notes);
    delete entry['type'];
    const { command, timeout } = entry;
    if (Array.isArray(command)) {
      const [program, ...args]: unknown[] = command;
      entry['command'] = program;
      if (args.length > 0) entry['args'] = args;
      notes.push('"command" is split into "command" and "args"');
    }
    delete entry['timeout'];
    // In V1 the number is the time for the first list of tools; in V2 there is one for each.
    if (typeof timeout === 'number') entry['initTimeout'] = timeout;
    if (isRecord(timeout)) Object.assign(entry, { initTimeout: timeout['startup'], requestTimeout: timeout['request'] });
    const times = ['initTimeout', 'requestTimeout'].filter((key) => entry[key] !== undefined);
    if (timeout !== undefined && times.length > 0) notes.push(`"timeout" became ${times.map((key) => `"${key}"`).join(' and ')}`);
    if (JSON.stringify(entry).includes('{file:')) notes.push('files in placeholders are read at every start');
  },
};

/** A command is an object with `path` in older settings, flat in newer ones (zed, docs/src/ai/mcp.md). */
export const zed: Dialect = {
  text: same,
  isLiteral: true,
  silent: ['source', 'remote'],
  adapt(entry, notes) {
    switchedOff(entry, notes);
    const { command, settings } = entry;
    if (isRecord(command)) {
      delete entry['command'];
      Object.assign(entry, { command: command['path'], args: command['args'], env: command['env'] });
      notes.push('"command" is split into "command", "args" and "env"');
    }
    if (isRecord(settings) && Object.keys(settings).length === 0) delete entry['settings'];
    if (isRecord(entry['env']) && Object.keys(entry['env']).length === 0) delete entry['env'];
  },
};

function addressOf(entry: Draft, key: string, notes: string[]): void {
  if (entry[key] === undefined) return;
  // Where both stand, the special one is what the client uses.
  const instead = entry['url'] === undefined ? '' : ', in place of the other one';
  notes.push(`"${key}" became "url"${instead}`);
  entry['url'] = entry[key];
  delete entry[key];
}

function switchedOff(entry: Draft, notes: string[]): void {
  if (entry['enabled'] === false) {
    entry['disabled'] = true;
    notes.push('"enabled": false became "disabled": true');
  }
  delete entry['enabled'];
}

interface Time {
  readonly from: string;
  readonly to: string;
  /** Milliseconds in one of the client's. */
  readonly factor: number;
}

function inMilliseconds(entry: Draft, { from, to, factor }: Time, notes: string[]): void {
  const value = entry[from];
  delete entry[from];
  if (value === undefined) return;
  const isUsable = typeof value === 'number' && value > 0;
  if (isUsable && entry[to] === undefined) {
    entry[to] = Math.max(1, Math.round(value * factor));
    notes.push(`"${from}" became "${to}"${factor === 1 ? '' : ', in milliseconds'}`);
  } else notes.push(`"${from}" is not taken over: ${isUsable ? `"${to}" has a value already` : 'it is no time'}`);
}

function onlySome(entry: Draft, key: string, notes: string[]): void {
  if (Array.isArray(entry[key])) notes.push(`"${key}" is not taken over: the hub offers every tool that is not in "disabled_tools"`);
  delete entry[key];
}

function codexHeaders(entry: Draft, notes: string[]): void {
  const { http_headers: fixed, env_http_headers: fromEnv, bearer_token_env_var: token } = entry;
  const headers: Record<string, unknown> = { ...(isRecord(fixed) ? fixed : {}) };
  if (isRecord(fromEnv)) for (const [name, variable] of Object.entries(fromEnv)) headers[name] = `\${env:${String(variable)}}`;
  if (typeof token === 'string') headers['Authorization'] = `Bearer \${env:${token}}`;
  for (const key of ['http_headers', 'env_http_headers', 'bearer_token_env_var']) {
    if (entry[key] !== undefined) notes.push(`"${key}" went into "headers"`);
    delete entry[key];
  }
  if (Object.keys(headers).length > 0) entry['headers'] = headers;
}

/** Variables that are handed through, by name. */
function codexVariables(entry: Draft, notes: string[]): void {
  const { env_vars: given, env } = entry;
  delete entry['env_vars'];
  if (!Array.isArray(given)) return;
  const names = given.map((item: unknown) => (isRecord(item) ? item['name'] : item)).filter((name) => typeof name === 'string');
  entry['env'] = { ...Object.fromEntries(names.map((name) => [name, `\${env:${name}:-}`])), ...(isRecord(env) ? env : {}) };
  notes.push('"env_vars" went into "env"');
}

/** The whole path: the hub does not start where the client does. */
function fileOf(path: string, { file, home }: EntryContext): string {
  return path.startsWith('~/') ? resolve(home, path.slice(2)) : resolve(dirname(file), path);
}
