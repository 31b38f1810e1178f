export type { Hub, HubEvents, HubOptions, ServerReport } from './types.ts';
