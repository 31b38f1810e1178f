import { readFile, writeFile } from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isHubError } from '../../../src/base/index.ts';
import { loadBackup } from '../../../src/cli/clients/backup.ts';
import { isRecord, type Values, valueAt } from '../../../src/cli/clients/client.ts';
import { carryOut, planConnect } from '../../../src/cli/clients/connect.ts';
import { editDocument, readDocument } from '../../../src/cli/clients/document.ts';
import { clients } from '../../../src/cli/clients/table.ts';
import { carryOutUndo, planUndo } from '../../../src/cli/clients/undo.ts';
import { type Home, makeHome } from './samples.ts';

const entry = { type: 'http', url: 'http://localhost:37373/mcp' };
const target = { kind: 'url', url: entry.url } as const;
const maps = ['mcpServers', 'servers', 'mcp', 'context_servers', 'mcp_servers'];

/** White space and comments that may stand between two tokens of JSON5. */
const gaps = fc.array(fc.constantFrom('', ' ', '\n', '\n  ', '\t', '\r\n', '/* , } */', '// "x": {\n', ' '), {
  minLength: 1,
  maxLength: 12,
});
const plainKey = fc.oneof(fc.constantFrom(...maps, 'Hub', 'a', 'b', '__proto__', 'constructor'), fc.string({ maxLength: 6 }));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, -1.5, 'x', '} // "', '\u2028'),
    fc.string({ maxLength: 5 }),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.array(fc.tuple(plainKey, tie('tree')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));
const root = fc
  .tuple(
    fc.array(fc.tuple(plainKey, tree), { maxLength: 4 }),
    fc.constantFrom(...maps),
    fc.option(fc.dictionary(fc.string({ maxLength: 4 }), fc.constant({ command: 'x' }))),
  )
  .map(([pairs, map, servers]) => ({ ...Object.fromEntries(pairs), ...(servers && { [map]: servers }) }));

/** JSON5 of a value, with gaps between the tokens, and trailing commas now and then. */
function printJson5(value: unknown, nextGap: () => string, trailing: boolean): string {
  const list = (open: string, close: string, items: readonly string[]): string =>
    `${open}${nextGap()}${items.join(`${nextGap()},${nextGap()}`)}${trailing && items.length > 0 ? `${nextGap()},` : ''}${nextGap()}${close}`;
  if (Array.isArray(value))
    return list(
      '[',
      ']',
      value.map((item: unknown) => printJson5(item, nextGap, trailing)),
    );
  if (!isRecord(value)) return JSON.stringify(value);
  return list(
    '{',
    '}',
    Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}${nextGap()}:${nextGap()}${printJson5(inner, nextGap, trailing)}`),
  );
}

const json5Text = fc
  .tuple(root, gaps, fc.boolean(), fc.constantFrom('', '\uFEFF'), fc.constantFrom('', '\n', ' // end'))
  .map(([value, list, trailing, mark, end]) => {
    let index = 0;
    const nextGap = (): string => list[index++ % list.length] ?? '';
    return `${mark}${printJson5(value, nextGap, trailing)}${end}`;
  });

const tomlScalar = fc.oneof(
  fc.constantFrom('x', '[mcp_servers.no]', '"""', "'", '# no', 'a\nb'),
  fc.integer(),
  fc.boolean(),
  fc.string({ maxLength: 8 }),
);
const tomlValue = fc.oneof(
  tomlScalar,
  fc.array(tomlScalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tomlScalar, { maxKeys: 3 }),
);
const tomlTable = fc.dictionary(fc.oneof(fc.constantFrom('projects', 'x', 'a b'), fc.string({ minLength: 1, maxLength: 6 })), tomlValue, {
  maxKeys: 4,
});
const tomlText = fc
  .tuple(
    tomlTable,
    fc.dictionary(fc.oneof(fc.constantFrom('Hub2', 'a.b', 'ü'), fc.string({ minLength: 1, maxLength: 6 })), tomlTable, { maxKeys: 3 }),
    fc.array(fc.constantFrom('', '# [mcp_servers.Hub]', '#', '   # "x'), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(([top, servers, comments, lineBreak, ends]) => {
    const document = { ...top, ...(Object.keys(servers).length > 0 && { mcp_servers: servers }) };
    let index = 0;
    // Before the lines that begin a table, where no string can be open.
    const text = stringify(document).replace(/^\[/gm, () => `${comments[index++ % comments.length] ?? ''}\n[`);
    return (ends ? text : text.trimEnd()).replaceAll('\n', lineBreak);
  })
  .filter((text) => isToml(text));

function isToml(text: string): boolean {
  try {
    readDocument({ file: 'x', format: 'toml', text });
    return true;
  } catch {
    return false;
  }
}

/** A hub may be refused a place; then nothing has happened. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isHubError(error, 'CONFLICT')) return undefined;
    throw error;
  }
}

function isStrictJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function changesNothingElse(format: 'json' | 'toml', text: string, path: readonly string[]): boolean {
  const document = { file: 'x', format, text };
  const before = readDocument(document);
  const added = attempt(() => editDocument(document, path, entry));
  if (added === undefined) return false;
  const after = readDocument({ ...document, text: added });
  expect(valueAt(after, path)).toEqual(entry);
  const removed = editDocument({ ...document, text: added }, path, undefined);
  // Clients that read nothing but JSON have to go on reading it.
  expect(format === 'json' && isStrictJson(text) && !(isStrictJson(added) && isStrictJson(removed))).toBe(false);
  const [map = '', name = ''] = path;
  const without = (values: Values): unknown => {
    const inner = values[map];
    const rest = isRecord(inner) ? Object.entries(inner).filter(([key]) => key !== name) : [];
    return [Object.entries(values).filter(([key]) => key !== map), rest];
  };
  expect(without(after)).toEqual(without(before));
  expect(without(readDocument({ ...document, text: removed }))).toEqual(without(before));
  return true;
}

describe('an edit', () => {
  it('of JSON5 sets and removes one member, and changes nothing else', () => {
    let done = 0;
    fc.assert(
      fc.property(json5Text, fc.constantFrom(...maps), (text, map) => {
        if (changesNothingElse('json', text, [map, 'Hub'])) done += 1;
      }),
      { numRuns: 400 },
    );
    expect(done).toBeGreaterThan(200);
  });

  it('of TOML sets and removes one table, and changes nothing else', () => {
    let done = 0;
    fc.assert(
      fc.property(tomlText, (text) => {
        if (changesNothingElse('toml', text, ['mcp_servers', 'Hub'])) done += 1;
      }),
      { numRuns: 400 },
    );
    expect(done).toBeGreaterThan(300);
  });
});

describe('connect and undo', () => {
  let at: Home;
  beforeEach(async () => {
    at = await makeHome();
  });
  afterEach(() => at.remove());

  it.each(clients.map((client) => [client.id, client] as const))('%s: is the identity on every document', async (_, client) => {
    const path = client.places(at.machine)[0]?.path ?? '';
    await mkdir(dirname(path), { recursive: true });
    await fc.assert(
      fc.asyncProperty(client.format === 'toml' ? tomlText : json5Text, async (text) => {
        await writeFile(path, text);
        const wish = { client, scope: 'user', name: 'Hub', target, machine: at.machine, ports: [] } as const;
        const plan = await planConnect(wish).catch((error: unknown) => {
          if (isHubError(error, 'CONFLICT') || isHubError(error, 'ALREADY_EXISTS')) return undefined;
          throw error;
        });
        if (plan) {
          await carryOut(plan, at.stateDir);
          const backup = await loadBackup(at.stateDir, path, 'Hub');
          if (!backup) throw new Error('no backup');
          await carryOutUndo(await planUndo(client.format, backup), at.stateDir);
        }
        expect(await readFile(path, 'utf8')).toBe(text);
      }),
      { numRuns: 25 },
    );
  });
});
