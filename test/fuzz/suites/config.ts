import { tmpdir } from 'node:os';
import * as fc from 'fast-check';
import JSON5 from 'json5';
import { isHubError } from '../../../src/base/index.ts';
import {
  diffConfigs,
  editServers,
  type HubConfig,
  loadConfig,
  maskConfig,
  maskedDiff,
  maskEntry,
  type ServerEdit,
} from '../../../src/config/index.ts';
import { checkSize } from '../../../src/config/edit-limits.ts';
import { document, edit, fileText } from '../arbitraries/config.ts';
import { cases, pure, type Suite } from '../suite.ts';

const FILE = 'c.json';

/** The config that these texts make; `undefined` when they make none, of which every reason has its place. */
async function load(...texts: readonly string[]): Promise<HubConfig | undefined> {
  const files = texts.map((_, index) => `${index}-${FILE}`);
  const given = new Map(texts.map((text, index) => [`${index}-${FILE}`, text]));
  try {
    return checked(await loadConfig({ files, env: {}, cwd: tmpdir(), defaultFile: FILE, texts: given }));
  } catch (error) {
    if (!isHubError(error, 'CONFIG_ERROR')) throw error;
    return undefined;
  }
}

function checked(config: HubConfig): HubConfig {
  for (const { line, column, message } of config.diagnostics)
    if (!(line >= 1) || !(column >= 1) || message === '') throw new Error(`A diagnostic without a place: ${line}:${column} ${message}`);
  for (const { kind, errors } of config.servers)
    if ((kind === 'invalid') !== errors.length > 0) throw new Error(`A server of kind ${kind} with ${errors.length} errors.`);
  return config;
}

async function alive(): Promise<void> {
  const config = await load('{ mcpServers: { a: { command: "x" } } }');
  if (config?.servers[0]?.kind !== 'stdio') throw new Error('A good config is not loaded.');
}

/** Loading, comparing and masking of what stands in files. */
const loading = cases(
  fc.oneof(
    fileText,
    document.map((value) => JSON.stringify(value)),
  ),
  async (text) => {
    const config = await load(text, '{}');
    if (!config) return;
    const again = await load(text, '{ mcpServers: { a: { command: "x" } } }');
    maskConfig(config.document);
    for (const entry of Object.values(config.document['mcpServers'] ?? {})) maskEntry(entry);
    if (again) diffConfigs(config, again);
  },
);

/** Edits keep the rest of the text and do what they say, or refuse in words. */
const editing = cases(fc.tuple(fileText, edit), async ([text, change]) => {
  const after = edited(text, change);
  // The other reader prints a warning for each of these line ends in a string.
  if (after === undefined || /[\u2028\u2029]/.test(after)) return;
  const entryAfter = serversOf(after).get(change.name);
  if (change.kind === 'remove' && entryAfter !== undefined) throw new Error('A removed server is still there.');
  if (change.kind === 'set' && JSON.stringify(sorted(entryAfter)) !== JSON.stringify(sorted(change.entry)))
    throw new Error(`Not what was set: ${after}`);
  await maskedDiff(FILE, text, after, []);
});

const REFUSALS = ['CONFIG_ERROR', 'SERVER_NOT_FOUND', 'VALIDATION_ERROR'] as const;

function edited(text: string, change: ServerEdit): string | undefined {
  try {
    checkSize(change);
    return editServers(FILE, text, [change]);
  } catch (error) {
    if (REFUSALS.some((code) => isHubError(error, code))) return undefined;
    throw error;
  }
}

/** By the reference implementation, so that an edit is judged by another reader than the one that made it. */
function serversOf(text: string): ReadonlyMap<string, unknown> {
  const whole = JSON5.parse<Record<string, unknown>>(text);
  return new Map(Object.entries(whole['servers'] ?? whole['mcpServers'] ?? {}));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

export const config: Suite = { name: 'config', start: pure(loading, alive) };
export const configEdits: Suite = { name: 'config-edits', start: pure(editing, alive) };
