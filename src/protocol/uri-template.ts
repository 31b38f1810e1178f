/** Longer URIs fit no template: the work of a match grows with the length of both. */
const MAX_URI = 16_384;

/**
 * Whether a URI could have come from an RFC 6570 template (any level). Loose on purpose: it routes a read to the
 * server that may know the URI; that server has the last word. Takes time in proportion to the two lengths, whatever
 * the template.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  if (uri.length > MAX_URI) return false;
  // Every position of the URI that the template's parts so far can reach.
  let reached: ReadonlySet<number> = new Set([0]);
  for (const part of partsOf(template)) {
    reached = part.expression === undefined ? afterLiteral(part.literal, uri, reached) : afterExpression(part.expression, uri, reached);
    if (reached.size === 0) return false;
  }
  return reached.has(uri.length);
}

type Part = { readonly literal: string; readonly expression?: undefined } | { readonly expression: string };

function* partsOf(template: string): Iterable<Part> {
  for (const part of template.split(/(\{[^{}]*\})/)) {
    if (part.startsWith('{') && part.endsWith('}')) yield { expression: part.slice(1, -1) };
    else if (part !== '') yield { literal: part };
  }
}

function afterLiteral(literal: string, uri: string, from: ReadonlySet<number>): ReadonlySet<number> {
  const reached = new Set<number>();
  for (const at of from) if (uri.startsWith(literal, at)) reached.add(at + literal.length);
  return reached;
}

/** What an expression may expand to: an optional first character, then any number of characters that do not end it. */
interface Expansion {
  readonly first?: string;
  readonly end: ReadonlySet<string>;
  /** Whether undefined variables may leave nothing at all. */
  readonly optional: boolean;
}

const NOTHING_ENDS: ReadonlySet<string> = new Set();
const SEGMENT_ENDS: ReadonlySet<string> = new Set('/?#');
const PATH_ENDS: ReadonlySet<string> = new Set('?#');
const QUERY_ENDS: ReadonlySet<string> = new Set('#');

/** By the operator of the expression (RFC 6570 section 3.2). */
function expansionOf(expression: string): Expansion {
  switch (expression[0]) {
    case '+':
      return { end: NOTHING_ENDS, optional: false };
    case '#':
      return { first: '#', end: NOTHING_ENDS, optional: true };
    case '?':
      return { first: '?', end: QUERY_ENDS, optional: true };
    case '&':
      return { first: '&', end: QUERY_ENDS, optional: true };
    case '/':
      return { first: '/', end: PATH_ENDS, optional: true };
    case ';':
      return { first: ';', end: SEGMENT_ENDS, optional: true };
    case '.':
      return { first: '.', end: SEGMENT_ENDS, optional: true };
    default:
      return { end: expression.endsWith('*') ? PATH_ENDS : SEGMENT_ENDS, optional: false };
  }
}

function afterExpression(expression: string, uri: string, from: ReadonlySet<number>): ReadonlySet<number> {
  const { first, end, optional } = expansionOf(expression);
  const reached = new Set(optional ? from : []);
  let open = false;
  for (let at = 0; at < uri.length; at += 1) {
    const character = uri.charAt(at);
    const starts = from.has(at) && (first === undefined || first === character);
    open = (open || starts) && !end.has(character);
    if (open) reached.add(at + 1);
  }
  return reached;
}
