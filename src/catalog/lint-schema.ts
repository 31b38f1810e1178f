import { jsonText, numberIn } from '../base/index.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/index.ts';

/**
 * Something about one item of a list. `hidden`: clients would refuse the whole list because of it, so the item is left
 * out. `warning`: some clients or models will have trouble with the item; it is offered as it is.
 */
export interface Finding {
  readonly severity: 'hidden' | 'warning';
  readonly reason: string;
}

/** Which of a tool's schemas; also the start of the paths in reasons. */
type SchemaRole = 'inputSchema' | 'outputSchema';

const TYPES: ReadonlySet<unknown> = new Set(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);

/** What a keyword of JSON Schema 2020-12 must hold; drafts 4 to 7 differ in the two entries marked so. */
type Content =
  | 'type'
  | 'schema'
  | 'schemas'
  | 'schemaMap'
  | 'items'
  | 'strings'
  | 'string'
  | 'pattern'
  | 'number'
  | 'bound'
  | 'count'
  | 'boolean'
  | 'array';

const KEYWORDS: ReadonlyMap<string, Content> = new Map<string, Content>([
  ['type', 'type'],
  ['properties', 'schemaMap'],
  ['patternProperties', 'schemaMap'],
  ['$defs', 'schemaMap'],
  ['definitions', 'schemaMap'],
  ['dependentSchemas', 'schemaMap'],
  ['additionalProperties', 'schema'],
  ['unevaluatedProperties', 'schema'],
  ['propertyNames', 'schema'],
  // An array up to draft 2019-09.
  ['items', 'items'],
  ['unevaluatedItems', 'schema'],
  ['contains', 'schema'],
  ['prefixItems', 'schemas'],
  ['allOf', 'schemas'],
  ['anyOf', 'schemas'],
  ['oneOf', 'schemas'],
  ['not', 'schema'],
  ['if', 'schema'],
  ['then', 'schema'],
  ['else', 'schema'],
  ['required', 'strings'],
  ['enum', 'array'],
  ['$ref', 'string'],
  ['$id', 'string'],
  ['$anchor', 'string'],
  ['$schema', 'string'],
  ['pattern', 'pattern'],
  ['format', 'string'],
  ['title', 'string'],
  ['description', 'string'],
  ['minimum', 'number'],
  ['maximum', 'number'],
  ['multipleOf', 'number'],
  // Booleans in draft 4.
  ['exclusiveMinimum', 'bound'],
  ['exclusiveMaximum', 'bound'],
  ['minLength', 'count'],
  ['maxLength', 'count'],
  ['minItems', 'count'],
  ['maxItems', 'count'],
  ['minProperties', 'count'],
  ['maxProperties', 'count'],
  ['uniqueItems', 'boolean'],
]);

interface Walk {
  readonly role: SchemaRole;
  readonly findings: Finding[];
  readonly refs: { readonly ref: string; readonly path: string }[];
  /** `$id` and `#anchor` names that a `$ref` may mean. */
  readonly anchors: Set<string>;
}

/**
 * What is wrong with a tool's schema (JSON Schema 2020-12, the dialect of MCP). Hidden is what makes clients, their
 * validators or the model APIs behind them refuse the tool together with all others.
 */
export function lintSchema(schema: JsonValue | undefined, role: SchemaRole): readonly Finding[] {
  if (!isObject(schema)) return [{ severity: 'hidden', reason: `${role} is not an object` }];
  const walk: Walk = { role, findings: [], refs: [], anchors: new Set() };
  lintRoot(schema, role, walk);
  visit(schema, role, walk);
  for (const { ref, path } of walk.refs) {
    if (resolves(ref, schema, walk.anchors)) continue;
    walk.findings.push({ severity: compiled(role), reason: `${path} ${shown(ref)} does not resolve inside the schema` });
  }
  return walk.findings;
}

/** Clients compile output schemas while they read the list: what does not compile there costs them the whole list. */
function compiled(role: SchemaRole): Finding['severity'] {
  return role === 'outputSchema' ? 'hidden' : 'warning';
}

function lintRoot(schema: JsonObject, role: SchemaRole, { findings }: Walk): void {
  const { type, properties } = schema;
  if (role === 'inputSchema' && type !== 'object') {
    findings.push({
      severity: 'hidden',
      reason: type === undefined ? `${role} has no type; it must be "object"` : `${role}.type is ${shown(type)}; it must be "object"`,
    });
  }
  if (type === 'object' && isObject(properties)) {
    for (const [name, property] of Object.entries(properties)) {
      if (typeof property === 'boolean')
        findings.push({ severity: 'hidden', reason: `${role}.properties.${name} is ${property}; typed clients take only objects there` });
    }
  }
  for (const keyword of role === 'inputSchema' ? ['anyOf', 'oneOf', 'allOf'] : []) {
    if (schema[keyword] !== undefined)
      findings.push({ severity: 'warning', reason: `${role} has ${keyword} at its root, which some model APIs refuse` });
  }
}

function visit(schema: JsonValue | undefined, path: string, walk: Walk): void {
  if (typeof schema === 'boolean') return;
  if (!isObject(schema)) {
    walk.findings.push({ severity: 'hidden', reason: `${path} is not a schema` });
    return;
  }
  note(schema, path, walk);
  for (const [keyword, value] of Object.entries(schema)) {
    const content = KEYWORDS.get(keyword);
    if (content !== undefined && value !== undefined) check(content, value, `${path}.${keyword}`, walk);
  }
}

/** Remembers what the schema refers to and what it can be referred to by. */
function note(schema: JsonObject, path: string, { refs, anchors }: Walk): void {
  const { $ref, $id, $anchor } = schema;
  if (typeof $ref === 'string') refs.push({ ref: $ref, path: `${path}.$ref` });
  if (typeof $id === 'string') anchors.add($id);
  if (typeof $anchor === 'string') anchors.add(`#${$anchor}`);
}

function check(content: Content, value: JsonValue, path: string, walk: Walk): void {
  const problem = nested[content]?.(value, path, walk) ?? plain[content]?.(value);
  if (problem !== undefined) walk.findings.push({ severity: 'hidden', reason: `${path} ${problem}` });
}

/** Keywords with schemas in them. */
const nested: Partial<Record<Content, (value: JsonValue, path: string, walk: Walk) => string | undefined>> = {
  schema(value, path, walk) {
    visit(value, path, walk);
    return undefined;
  },
  schemas(value, path, walk) {
    if (!Array.isArray(value) || value.length === 0) return 'is not a list of schemas';
    for (const [index, schema] of value.entries()) visit(schema, `${path}[${index}]`, walk);
    return undefined;
  },
  schemaMap(value, path, walk) {
    if (!isObject(value)) return 'is not an object';
    for (const [name, schema] of Object.entries(value)) visit(schema, `${path}.${name}`, walk);
    return undefined;
  },
  items(value, path, walk) {
    if (!Array.isArray(value)) {
      visit(value, path, walk);
      return undefined;
    }
    walk.findings.push({ severity: 'warning', reason: `${path} is an array, as in old drafts of JSON Schema; prefixItems took its place` });
    for (const [index, schema] of value.entries()) visit(schema, `${path}[${index}]`, walk);
    return undefined;
  },
  pattern(value, path, walk) {
    if (typeof value !== 'string') return 'is not a string';
    if (!isPattern(value)) walk.findings.push({ severity: compiled(walk.role), reason: `${path} is no regular expression` });
    return undefined;
  },
  bound(value, path, walk) {
    if (typeof value !== 'boolean') return plain.number?.(value);
    walk.findings.push({ severity: 'warning', reason: `${path} is ${value}, as in draft 4 of JSON Schema; it takes a number since` });
    return undefined;
  },
};

/** Keywords with plain values. */
const plain: Partial<Record<Content, (value: JsonValue) => string | undefined>> = {
  type: (value) => (isType(value) ? undefined : `is ${shown(value)}, which is no JSON Schema type`),
  strings: (value) => (Array.isArray(value) && value.every((item) => typeof item === 'string') ? undefined : 'is not an array of strings'),
  array: (value) => (Array.isArray(value) ? undefined : 'is not an array'),
  string: (value) => (typeof value === 'string' ? undefined : 'is not a string'),
  number: (value) => (numberIn(value) === undefined ? 'is not a number' : undefined),
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'is not true or false'),
  count: (value) => {
    const number = numberIn(value) ?? -1;
    return Number.isInteger(number) && number >= 0 ? undefined : 'is not a whole number of at least 0';
  },
};

/** A value in a reason, at a length that fits a line. */
function shown(value: JsonValue): string {
  const text = jsonText(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

function isType(value: JsonValue): boolean {
  if (!Array.isArray(value)) return TYPES.has(value);
  return value.length > 0 && new Set(value).size === value.length && value.every((type) => TYPES.has(type));
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    // The expected SyntaxError.
    return false;
  }
}

/** Whether a `$ref` points into the schema itself. */
function resolves(ref: string, root: JsonObject, anchors: ReadonlySet<string>): boolean {
  if (ref === '#' || anchors.has(ref)) return true;
  if (!ref.startsWith('#/')) return false;
  let target: JsonValue | undefined = root;
  for (const step of ref.slice(2).split('/')) {
    const key = decodeStep(step);
    if (!isObject(target) && !Array.isArray(target)) return false;
    if (!Object.hasOwn(target, key)) return false;
    target = isObject(target) ? target[key] : target[Number(key)];
  }
  return true;
}

/** One step of a JSON pointer in a URI fragment (RFC 6901 section 6). */
function decodeStep(step: string): string {
  return percentDecoded(step).replaceAll('~1', '/').replaceAll('~0', '~');
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The expected URIError: a percent sign that is meant literally.
    return text;
  }
}
