import type { IncomingMessage } from 'node:http';
import type { Caller } from './access.ts';
import { ANYBODY } from './door.ts';

/** Express hands its routes the request alone. */
const callers = new WeakMap<IncomingMessage, Caller>();

/** Keeps who makes a request, for the REST routes. */
export function setCaller(req: IncomingMessage, caller: Caller): void {
  if (caller !== ANYBODY) callers.set(req, caller);
}

/** Who makes a request. */
export function callerOf(req: IncomingMessage): Caller {
  return callers.get(req) ?? ANYBODY;
}
