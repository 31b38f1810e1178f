import { ExactNumber, HubError } from '../base/index.ts';
import { Json5SyntaxError, parseJson5 } from './json5.ts';
import { editJson5 } from './json5-edit.ts';
import { serverMapsOf } from './server-map.ts';
import { diagnosticOf, formatDiagnostic } from './source.ts';
import { asObject } from './types.ts';

/** A change of one server's entry in a config file. */
export type ServerEdit =
  /** Puts the entry there, in the place of one of that name. */
  | { readonly kind: 'set'; readonly name: string; readonly entry: Readonly<Record<string, unknown>> }
  /** JSON Merge Patch (RFC 7396) of the entry: `null` takes a key away. */
  | { readonly kind: 'patch'; readonly name: string; readonly patch: Readonly<Record<string, unknown>> }
  | { readonly kind: 'remove'; readonly name: string };

/**
 * The text of a config file after these changes; comments and layout stay as they are. A new file is `''`.
 *
 * @param file how the file is called in messages
 * @throws HubError CONFIG_ERROR when the text is not JSON5 or the servers do not stand in an object, SERVER_NOT_FOUND when a
 * server that is to be changed or removed does not stand in the file
 */
export function editServers(file: string, text: string, edits: readonly ServerEdit[]): string {
  return edits.reduce((result, edit) => applyEdit(file, result, edit), text.trim() === '' ? '{}\n' : text);
}

function applyEdit(file: string, text: string, edit: ServerEdit): string {
  const { key, names } = mapOf(file, text);
  const path = [key, edit.name];
  // What stands for an empty object, as `null` and `[]`, becomes one.
  if (edit.kind === 'set')
    return isObjectAt(text, [key]) ? editJson5(text, path, edit.entry) : editJson5(text, [key], { [edit.name]: edit.entry });
  if (!names.includes(edit.name)) {
    const message = `Server "${edit.name}" does not stand in ${file}.`;
    throw new HubError('SERVER_NOT_FOUND', message, { details: { server: edit.name, file } });
  }
  if (edit.kind === 'remove') return editJson5(text, path, undefined);
  // What is no object counts as an empty one (RFC 7396, section 2).
  return isObjectAt(text, path) ? mergePatch(text, path, edit.patch) : editJson5(text, path, withoutNulls(edit.patch));
}

function mergePatch(text: string, path: readonly string[], patch: Readonly<Record<string, unknown>>): string {
  return Object.entries(patch).reduce((result, [key, value]) => {
    const place = [...path, key];
    if (value === null) return editJson5(result, place, undefined);
    if (!isRecord(value)) return editJson5(result, place, value);
    return isObjectAt(result, place) ? mergePatch(result, place, value) : editJson5(result, place, withoutNulls(value));
  }, text);
}

/** What a patch makes of nothing (RFC 7396, section 2). */
function withoutNulls(patch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(patch).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, isRecord(value) ? withoutNulls(value) : value]));
}

function isObjectAt(text: string, path: readonly string[]): boolean {
  let node = parseJson5(text);
  for (const key of path) {
    const member = node.kind === 'object' ? node.members.findLast((one) => one.key === key) : undefined;
    if (!member) return false;
    node = member.value;
  }
  return node.kind === 'object';
}

/** Where the servers stand, and which. */
function mapOf(file: string, text: string): { readonly key: string; readonly names: readonly string[] } {
  const refuse = (at: number, message: string): HubError => {
    const diagnostic = diagnosticOf({ file, text }, { severity: 'error', at, keyPath: '', message });
    const details = { diagnostics: [diagnostic] };
    return new HubError('CONFIG_ERROR', `The file cannot be edited: ${formatDiagnostic(diagnostic)}`, { details });
  };
  try {
    const root = parseJson5(text);
    if (root.kind !== 'object') throw refuse(root.at, 'Must be an object');
    const { map } = serverMapsOf(root);
    if (!map) return { key: 'mcpServers', names: [] };
    const servers = asObject(map.value);
    if (servers.kind !== 'object') throw refuse(map.value.at, `"${map.key}" must be an object`);
    return { key: map.key, names: servers.members.map(({ key }) => key) };
  } catch (error) {
    throw error instanceof Json5SyntaxError ? refuse(error.at, error.message) : error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}
