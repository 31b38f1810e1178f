export { Endpoint } from './endpoint.ts';
export { refuse } from './reply.ts';
