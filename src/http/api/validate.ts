import { z } from 'zod';
import { HubError } from '../../base/index.ts';

/** One thing that is wrong with a request, as `data.issues` of the answer lists it. */
interface Issue {
  readonly in: 'path' | 'query' | 'body' | 'header';
  /** Dotted, such as `request_options.timeout`; empty for the whole. */
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
}

type Place = Issue['in'];

interface Schemas<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

/**
 * The three parts of a request as their schemas have them.
 *
 * @throws HubError VALIDATION_ERROR with everything that is wrong in `details.issues`
 */
export function checked<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  schemas: Schemas<P, Q, B>,
  request: { readonly params: unknown; readonly query: unknown; readonly body: unknown },
): { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> } {
  const sent = whole(request.body);
  const params = schemas.params.safeParse(request.params);
  const query = schemas.query.safeParse(request.query);
  const body = schemas.body.safeParse(sent);
  if (params.success && query.success && body.success) return { params: params.data, query: query.data, body: body.data };
  throw invalid([
    ...issuesOf(params, 'path', schemas.params, request.params),
    ...issuesOf(query, 'query', schemas.query, request.query),
    ...issuesOf(body, 'body', schemas.body, sent),
  ]);
}

/** What is not there is an object without fields; some languages write an empty object as `[]`. */
function whole(value: unknown): unknown {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? {} : value;
}

/** A VALIDATION_ERROR about one field that no schema can see. */
export function invalidField(place: Place, field: string, problem: string, remedy: string): HubError {
  return invalid([{ in: place, field, problem, remedy }]);
}

function invalid(issues: readonly Issue[]): HubError {
  const [first] = issues;
  const details = { field: first?.field ?? '', in: first?.in ?? 'body', issues };
  return new HubError('VALIDATION_ERROR', issues.map(sentence).join(' '), { details });
}

function sentence({ in: place, field, problem, remedy }: Issue): string {
  const subject = field === '' ? `The ${place}` : `"${field}" in the ${place}`;
  return `${subject} ${problem}. ${remedy}`;
}

function issuesOf(parsed: z.ZodSafeParseResult<unknown>, place: Place, schema: z.ZodType, value: unknown): readonly Issue[] {
  if (parsed.success) return [];
  return parsed.error.issues.map(({ path, message }) => ({
    in: place,
    field: path.map(String).join('.'),
    problem: valueAt(value, path) === undefined ? 'is missing' : `is not right: ${plain(message)}`,
    remedy: remedyOf(schema, path),
  }));
}

/** What zod says, without its opening words. */
function plain(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, '');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) at = isRecord(at) ? at[String(key)] : undefined;
  return at;
}

/** What a field takes, from its description. */
function remedyOf(schema: z.ZodType, path: readonly PropertyKey[]): string {
  let at: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  let words = 'Send a JSON object.';
  for (const key of path) {
    const properties: unknown = isRecord(at) ? propertiesOf(at) : undefined;
    at = isRecord(properties) ? properties[String(key)] : undefined;
    const description = isRecord(at) ? at['description'] : undefined;
    if (typeof description === 'string') words = `It takes: ${description}`;
  }
  return words;
}

/** A field that may be null stands in an `anyOf` with it. */
function propertiesOf(schema: Readonly<Record<string, unknown>>): unknown {
  const { properties, anyOf } = schema;
  if (properties !== undefined || !Array.isArray(anyOf)) return properties;
  const [first]: unknown[] = anyOf;
  return isRecord(first) ? first['properties'] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
