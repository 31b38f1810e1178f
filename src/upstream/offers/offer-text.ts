import { jsonText, parseJson } from '../../base/index.ts';
import type { Listing, ServerIdentity } from '../../catalog/index.ts';
import { isObject, type JsonObject, LIST_KINDS, type ListKind } from '../../protocol/index.ts';

/** Another one whenever files of before cannot be used any more. */
const VERSION = 1;

/** @param fitBy the rules by which the listing was found to be fit, if it was */
export function offerText({ identity, items }: Listing, fitBy?: string): string {
  return jsonText({ version: VERSION, listing: { identity, items }, ...(fitBy !== undefined && { fitBy }) });
}

/** The listing in a text that {@link offerText} has made, fit if these very rules found it so; `undefined` for every other text. */
export function offerIn(text: string, rules?: string): Listing | undefined {
  const content = parsed(text);
  if (!isObject(content) || content['version'] !== VERSION || !isObject(content['listing'])) return undefined;
  const { identity, items } = content['listing'];
  if (!isIdentity(identity) || !isObject(items)) return undefined;
  const lists = LIST_KINDS.map((kind) => [kind, items[kind]] as const);
  if (!lists.every(isList)) return undefined;
  const list = (kind: ListKind): readonly JsonObject[] => Object.freeze(lists.filter(isList).find(([name]) => name === kind)?.[1] ?? []);
  return Object.freeze({
    identity: Object.freeze(identity),
    items: Object.freeze({
      tools: list('tools'),
      prompts: list('prompts'),
      resources: list('resources'),
      resourceTemplates: list('resourceTemplates'),
    }),
    ...(rules !== undefined && content['fitBy'] === rules && { isFit: true }),
  });
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    // Expected: something else has written to the file.
    return undefined;
  }
}

function isIdentity(value: unknown): value is ServerIdentity {
  if (!isObject(value)) return false;
  const { era, protocolVersion, serverInfo, capabilities, instructions } = value;
  const isText = (text: unknown): boolean => typeof text === 'string';
  return (
    (era === 'legacy' || era === 'modern') &&
    isText(protocolVersion) &&
    isObject(serverInfo) &&
    isObject(capabilities) &&
    (instructions === undefined || isText(instructions))
  );
}

function isList(list: readonly [ListKind, unknown]): list is readonly [ListKind, JsonObject[]] {
  return Array.isArray(list[1]) && list[1].every(isObject);
}
