import type { Payload } from './plan.ts';

const ECHO = 'hello';

export interface Asked {
  readonly method: 'tools/call' | 'tools/list';
  readonly params: Readonly<Record<string, unknown>>;
  /** The tool as it is called; none for a list. */
  readonly tool?: string;
}

/** The request that asks for a payload; `prefix` stands before the name of the tool. */
export function requestOf(payload: Payload, prefix = ''): Asked {
  if (payload.kind === 'list') return { method: 'tools/list', params: {} };
  const tool = `${prefix}${payload.kind}`;
  const args = payload.kind === 'echo' ? { text: ECHO } : { bytes: payload.bytes };
  return { method: 'tools/call', params: { name: tool, arguments: args }, tool };
}

/** @throws Error when `body`, JSON or an event stream that holds it, is not the answer to the request for `payload`. */
export function checkAnswer(body: string, payload: Payload): void {
  const data = [...body.matchAll(/^data: ?(.+)$/gm)].at(-1)?.[1] ?? body;
  if (!isRight(parsed(data)?.result, payload)) throw new Error(`Not the answer to a request for ${payload.kind}: ${body.slice(0, 300)}`);
}

interface Answer {
  readonly result?: { readonly content?: readonly { readonly text?: unknown }[]; readonly tools?: unknown };
}

function parsed(text: string): Answer | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // Expected: a page of a proxy or a broken answer, which the caller shows.
    return undefined;
  }
}

function isRight(result: Answer['result'], payload: Payload): boolean {
  if (payload.kind === 'list') return Array.isArray(result?.tools) && result.tools.length === payload.tools;
  const text = result?.content?.[0]?.text;
  return payload.kind === 'echo' ? text === ECHO : typeof text === 'string' && text.length === payload.bytes;
}
