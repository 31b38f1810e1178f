import type { Node } from './json5.ts';

/** The JavaScript value of a syntax tree, as JSON parsers have it: of a key that stands twice the last one counts. */
export function jsonValueOf(node: Node): unknown {
  switch (node.kind) {
    case 'null':
      return null;
    case 'array':
      return node.items.map(jsonValueOf);
    case 'object':
      // Made of pairs, so that a key `__proto__` is one like any other.
      return Object.fromEntries(node.members.map(({ key, value }) => [key, jsonValueOf(value)]));
    default:
      return node.value;
  }
}
