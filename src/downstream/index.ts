export { Endpoint, type EndpointOptions } from './endpoint.ts';
export { refuse } from './reply.ts';
