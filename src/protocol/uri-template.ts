/**
 * Whether a URI could have come from an RFC 6570 template (any level). Loose on purpose: it routes a read to the
 * server that may know the URI; that server has the last word.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  return templatePattern(template).test(uri);
}

const patterns = new Map<string, RegExp>();
/** Enough for every template of a large hub; the oldest entry goes first. */
const MAX_PATTERNS = 2000;

function templatePattern(template: string): RegExp {
  const known = patterns.get(template);
  if (known) return known;
  if (patterns.size >= MAX_PATTERNS) patterns.delete(patterns.keys().next().value ?? '');
  const pattern = compile(template);
  patterns.set(template, pattern);
  return pattern;
}

function compile(template: string): RegExp {
  const source = template
    .split(/(\{[^{}]*\})/)
    .map((part) =>
      part.startsWith('{') && part.endsWith('}') ? expression(part.slice(1, -1)) : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'),
    )
    .join('');
  return new RegExp(`^${source}$`);
}

function expression(body: string): string {
  switch (body[0]) {
    case '+':
      return '.+';
    case '#':
      return '(?:#.*)?';
    case '?':
      return '(?:\\?[^#]*)?';
    case '&':
      return '(?:&[^#]*)?';
    case '/':
      return '(?:/[^?#]*)?';
    case ';':
    case '.':
      return '[^/?#]*';
    default:
      return body.endsWith('*') ? '[^?#]+' : '[^/?#]+';
  }
}
