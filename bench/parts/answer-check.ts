import type { Payload } from './plan.ts';

const ECHO = 'hello';

/** The tool and its arguments for a payload. */
export function callOf(payload: Payload): { readonly name: string; readonly arguments: object } {
  return payload.kind === 'echo' ? { name: 'echo', arguments: { text: ECHO } } : { name: 'text', arguments: { bytes: payload.bytes } };
}

/** @throws Error when `body`, JSON or an event stream that holds it, is not the answer to the call of `payload`. */
export function checkAnswer(body: string, payload: Payload): void {
  const data = [...body.matchAll(/^data: ?(.+)$/gm)].at(-1)?.[1] ?? body;
  const text: unknown = JSON.parse(data)?.result?.content?.[0]?.text;
  const right = payload.kind === 'echo' ? text === ECHO : typeof text === 'string' && text.length === payload.bytes;
  if (!right) throw new Error(`Not the answer to a call of ${payload.kind}: ${body.slice(0, 300)}`);
}
