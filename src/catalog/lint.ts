import { headerParamsOf, isObject, type JsonObject, type JsonValue, type ListKind } from '../protocol/index.ts';
import { type Finding, lintSchema } from './lint-schema.ts';
import {
  boolean,
  deeperThan,
  fields,
  fraction,
  listOf,
  nonEmptyString,
  number,
  object,
  oneOf,
  type Shape,
  string,
  timestamp,
} from './shape.ts';

/** Deeper than any schema that a person wrote; far from what would exhaust a parser's stack. */
const MAX_DEPTH = 200;
/** In characters. Some clients and model APIs cut or refuse what is longer. */
const MAX_DESCRIPTION = 4096;
/** Findings per item; what hides it goes first. One broken generator can break every line of a schema. */
const MAX_FINDINGS = 10;
/** In characters; paths into a schema can be as long as its author likes. */
const MAX_REASON = 300;

const icons = listOf(fields({ src: string }, { mimeType: string, sizes: listOf(string), theme: oneOf('light', 'dark') }));
const described = { title: string, description: string, icons, _meta: object };
const annotations = fields({}, { audience: listOf(oneOf('user', 'assistant')), priority: fraction, lastModified: timestamp });

/** What typed clients of every revision check of an item before they take the list that it stands in. */
const shapes: Readonly<Record<ListKind, Shape>> = {
  tools: fields(
    { name: nonEmptyString, inputSchema: object },
    {
      ...described,
      outputSchema: object,
      annotations: fields(
        {},
        { title: string, readOnlyHint: boolean, destructiveHint: boolean, idempotentHint: boolean, openWorldHint: boolean },
      ),
      execution: fields({}, { taskSupport: oneOf('required', 'optional', 'forbidden') }),
    },
  ),
  prompts: fields(
    { name: nonEmptyString },
    { ...described, arguments: listOf(fields({ name: string }, { title: string, description: string, required: boolean })) },
  ),
  resources: fields({ uri: nonEmptyString, name: string }, { ...described, mimeType: string, size: number, annotations }),
  resourceTemplates: fields({ uriTemplate: nonEmptyString, name: string }, { ...described, mimeType: string, annotations }),
};

/** What is wrong with one item of a list, judged by itself. The item is never changed. */
export function lintItem(kind: ListKind, item: JsonValue): readonly Finding[] {
  if (deeperThan(item, MAX_DEPTH)) return [{ severity: 'hidden', reason: `it is nested more than ${MAX_DEPTH} levels deep` }];
  const problem = shapes[kind](item, '');
  if (problem !== undefined) return [{ severity: 'hidden', reason: problem }];
  if (!isObject(item)) return [];
  const findings = kind === 'tools' ? lintSchemas(item) : [];
  const warnings = [...findings.filter(({ severity }) => severity === 'warning'), ...lintDescription(item)];
  return [...findings.filter(({ severity }) => severity === 'hidden'), ...warnings]
    .slice(0, MAX_FINDINGS)
    .map(({ severity, reason }) => ({ severity, reason: reason.length <= MAX_REASON ? reason : `${reason.slice(0, MAX_REASON)}…` }));
}

function lintDescription({ description }: JsonObject): readonly Finding[] {
  if (typeof description !== 'string' || description.length <= MAX_DESCRIPTION) return [];
  return [{ severity: 'warning', reason: `description has ${description.length} characters; some clients cut it or refuse it` }];
}

function lintSchemas({ inputSchema, outputSchema }: JsonObject): readonly Finding[] {
  const findings = [...lintSchema(inputSchema, 'inputSchema')];
  if (outputSchema !== undefined) findings.push(...lintSchema(outputSchema, 'outputSchema'));
  if (findings.some(({ severity }) => severity === 'hidden')) return findings;
  const headers = headerParamsOf(inputSchema);
  if ('invalid' in headers)
    findings.push({ severity: 'warning', reason: `${headers.invalid}; clients of revision 2026-07-28 leave such a tool out` });
  return findings;
}
