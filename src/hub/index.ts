export { LogFile } from './log-file.ts';
export type { Hub, HubEvents, HubOptions, ServerReport } from './types.ts';
