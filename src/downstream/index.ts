export { type Body, discard, readJson } from './body.ts';
export { CallController } from './calls.ts';
export { LOCAL_PRINCIPAL } from './context.ts';
export type { DirectCall } from './direct-calls.ts';
export { Endpoint } from './endpoint.ts';
export { refuse } from './reply.ts';
