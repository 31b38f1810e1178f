export { createHub } from './hub.ts';
export { LogFile } from './log-file.ts';
export type { Hub, HubEvents, HubOptions, HubState, ServerReport } from './types.ts';
