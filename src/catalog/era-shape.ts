import { type Era, isObject, type JsonObject } from '../protocol/index.ts';

/** What one server has in a list; the same array as long as it is the same. */
export type ListPart = readonly JsonObject[];

const shaped: Readonly<Record<Era, WeakMap<ListPart, ListPart>>> = { legacy: new WeakMap(), modern: new WeakMap() };

/** The tools of one server as clients of an era know tools; the very same array when nothing has to be left out. */
export function toolsIn(era: Era, tools: ListPart): ListPart {
  let known = shaped[era].get(tools);
  if (!known) {
    const items = tools.map(era === 'modern' ? withoutExecution : withObjectSchema);
    known = items.every((item, at) => item === tools[at]) ? tools : items;
    shaped[era].set(tools, known);
  }
  return known;
}

/** How a tool takes part in the tasks of 2025-11-25 means nothing in 2026-07-28. */
function withoutExecution(tool: JsonObject): JsonObject {
  if (!('execution' in tool)) return tool;
  const { execution: _execution, ...rest } = tool;
  return rest;
}

/** The handshake revisions want an output schema to describe an object (spec 2025-11-25 server/tools); the tool stays without it. */
function withObjectSchema(tool: JsonObject): JsonObject {
  if (tool['outputSchema'] === undefined) return tool;
  const { outputSchema, ...rest } = tool;
  return isObject(outputSchema) && outputSchema['type'] === 'object' ? tool : rest;
}
