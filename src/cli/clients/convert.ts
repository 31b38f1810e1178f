import { isAbsolute, resolve } from 'node:path';
import { isRecord, type Values } from './client.ts';

/** Where an entry comes from. */
export interface EntryContext {
  /** The file. */
  readonly file: string;
  /** The folder of the project that the file belongs to; `undefined` for a person's own file. */
  readonly projectDir: string | undefined;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** How a client's entries differ from the hub's. */
export interface Dialect {
  /** Keys that mean the same under another name. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Keys that change nothing about the server and are left behind without a word. */
  readonly silent?: readonly string[];
  /** What no table can say: takes away or adds keys of `entry`. */
  adapt?(entry: Draft, notes: string[], context: EntryContext): void;
  /** A string of the client, with its placeholders in the hub's spelling. */
  text(value: string, context: EntryContext): string;
  /** The client resolves no placeholders: what looks like one is plain text there. */
  readonly isLiteral?: true;
}

/** An entry under construction. */
export type Draft = Record<string, unknown>;

export type Conversion =
  | {
      readonly kind: 'entry';
      readonly entry: Values;
      /** What is not as it was. */
      readonly notes: readonly string[];
    }
  | { readonly kind: 'unusable'; readonly why: string };

/** Keys that the hub reads as they are, or keeps. */
const KNOWN = new Set(
  (
    'command args env cwd envFile url headers type disabled name description dev initTimeout requestTimeout disabled_tools ' +
    'autoApprove alwaysAllow oauth gallery version sandbox sandboxEnabled'
  ).split(' '),
);
const TYPES = new Set(['stdio', 'http', 'sse', 'streamable-http', 'streamableHttp']);
const PLACEHOLDER = /\$\{|\$<(?:env|cmd|input):/;

/** A client's entry as an entry of the hub's config. */
export function convertEntry(raw: unknown, dialect: Dialect, context: EntryContext): Conversion {
  if (!isRecord(raw)) return unusable('it is not an object');
  const notes: string[] = [];
  const draft: Draft = { ...raw };
  dialect.adapt?.(draft, notes, context);
  const renamed = rename(draft, dialect, notes);
  if (Object.hasOwn(renamed, 'command') === Object.hasOwn(renamed, 'url')) {
    return unusable(Object.hasOwn(renamed, 'url') ? 'it has both a command and an address' : 'it has neither a command nor an address');
  }
  const { type } = renamed;
  if (type !== undefined && !(typeof type === 'string' && TYPES.has(type))) {
    if (type === 'ws') return unusable('the hub does not know the transport "ws"');
    delete renamed['type'];
    notes.push('its "type" is left out: the hub finds the transport itself');
  }
  // What goes without saying is not written.
  if (type === 'stdio') delete renamed['type'];
  if (renamed['disabled'] === false) delete renamed['disabled'];
  const entry = translate(renamed, dialect, { ...context, written: textsIn(raw) }, notes);
  fillEmptyVariables(entry, notes);
  anchor(entry, context, notes);
  return { kind: 'entry', entry, notes };
}

function unusable(why: string): Conversion {
  return { kind: 'unusable', why };
}

function rename(draft: Draft, { rename: names = {}, silent = [] }: Dialect, notes: string[]): Draft {
  const result: Draft = {};
  for (const [key, value] of Object.entries(draft)) {
    if (value === undefined || value === null) continue;
    const name = Object.hasOwn(names, key) ? names[key] : undefined;
    if (name !== undefined) {
      result[name] = value;
      notes.push(`"${key}" became "${name}"`);
    } else if (KNOWN.has(key)) result[key] = value;
    else if (!silent.includes(key)) notes.push(`"${key}" is not taken over: the hub does not know it`);
  }
  return result;
}

/** The strings in which placeholders may stand. */
const TEXTS = ['command', 'args', 'env', 'cwd', 'envFile', 'url', 'headers'];

/** @param context `written`: the strings of the client itself, in which what looks like a placeholder is none of the dialect's making */
function translate(
  draft: Draft,
  dialect: Dialect,
  context: EntryContext & { readonly written: ReadonlySet<string> },
  notes: string[],
): Draft {
  const changed = new Set<string>();
  const foreign = new Set<string>();
  const each = (key: string, value: unknown): unknown => {
    if (typeof value === 'string') {
      const text = dialect.text(value, context);
      if (text !== value) changed.add(key);
      if (
        dialect.isLiteral &&
        context.written.has(value) &&
        (PLACEHOLDER.test(value) || (key === 'args' && /^\$[A-Za-z_]\w*$/.test(value)))
      )
        foreign.add(key);
      return text;
    }
    if (Array.isArray(value)) return value.map((item: unknown) => each(key, item));
    if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, each(key, item)]));
    return value;
  };
  const result = Object.fromEntries(Object.entries(draft).map(([key, value]) => [key, TEXTS.includes(key) ? each(key, value) : value]));
  if (changed.size > 0) notes.push(`placeholders in ${list(changed)} are written in the hub's way`);
  if (foreign.size > 0) notes.push(`${list(foreign)}: what looks like a placeholder was plain text there; the hub resolves it`);
  return result;
}

/** Every string in a value, at whatever depth. */
function textsIn(value: unknown): ReadonlySet<string> {
  if (typeof value === 'string') return new Set([value]);
  const parts: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return new Set(parts.flatMap((part) => [...textsIn(part)]));
}

/** An empty variable means "take it from the environment" to the hub, and just that to clients. */
function fillEmptyVariables(entry: Draft, notes: string[]): void {
  const { env } = entry;
  if (!isRecord(env)) return;
  const empty = Object.keys(env).filter((name) => env[name] === '');
  if (empty.length === 0) return;
  entry['env'] = { ...env, ...Object.fromEntries(empty.map((name) => [name, `\${env:${name}:-}`])) };
  notes.push(`empty in "env": ${empty.join(', ')} may be empty in the hub too`);
}

/** A server of a project that names files beside it runs in that project's folder. */
function anchor(entry: Draft, { projectDir }: EntryContext, notes: string[]): void {
  const { command, args, cwd, envFile } = entry;
  const strings = [command, cwd, envFile, ...(Array.isArray(args) ? args : [])].filter((value) => typeof value === 'string');
  if (strings.some((value) => value.includes('${workspaceFolder')))
    notes.push('${workspaceFolder} is the folder that the hub is started in');
  if (projectDir === undefined || command === undefined) return;
  const isRelative = typeof cwd === 'string' && !isAbsolute(cwd) && !cwd.includes('$');
  if (!isRelative && (cwd !== undefined || !strings.some((value) => /^\.{1,2}[\\/]/.test(value)))) return;
  entry['cwd'] = isRelative ? resolve(projectDir, cwd) : projectDir;
  notes.push('"cwd" is in the project, because the server names files relative to it');
}

function list(keys: ReadonlySet<string>): string {
  return [...keys].map((key) => `"${key}"`).join(', ');
}
