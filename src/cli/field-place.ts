import { type Diagnostic, diagnosticOf, Json5SyntaxError, type Node, parseJson5 } from '../config/index.ts';

/** A field of a server in a config file, and what is wrong with it. */
export interface FieldProblem {
  readonly file: string;
  readonly text: string;
  readonly serverId: string;
  /** As errors name it: `args[2]`, `env.TOKEN`, `url`. */
  readonly field: string;
  readonly message: string;
}

/** The problem with its place; that of the server when the field stands nowhere, the beginning when neither does. */
export function placeField({ file, text, serverId, field, message }: FieldProblem): Diagnostic {
  const finding = { severity: 'error' as const, serverId, message };
  for (const map of ['servers', 'mcpServers']) {
    const server = inner(rootOf(text), [map, serverId]);
    if (!server) continue;
    const keyPath = `${map}.${serverId}${field === '' ? '' : `.${field}`}`;
    return diagnosticOf({ file, text }, { ...finding, at: (inner(server, keysOf(field)) ?? server).at, keyPath });
  }
  return diagnosticOf({ file, text }, { ...finding, at: 0, keyPath: serverId });
}

function rootOf(text: string): Node | undefined {
  try {
    return parseJson5(text);
  } catch (error) {
    if (error instanceof Json5SyntaxError) return undefined;
    throw error;
  }
}

/** `env.A.B` is the variable `A.B`, `args[2]` the third argument. */
function keysOf(field: string): readonly string[] {
  const [, name = '', key, index] = /^(\w+)(?:\.([^]+)|\[(\d+)\])?$/.exec(field) ?? [];
  return [name, key ?? index].filter((part): part is string => part !== undefined && part !== '');
}

function inner(node: Node | undefined, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((at, key) => {
    if (at?.kind === 'array') return at.items[Number(key)];
    return at?.kind === 'object' ? at.members.findLast((member) => member.key === key)?.value : undefined;
  }, node);
}
