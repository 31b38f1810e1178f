export { type FileLock, tryLock } from './file-lock.ts';
export { loadHub } from './load-hub.ts';
export { LogFile } from './log-file.ts';
export type { Hub, HubEvents, HubOptions, HubState, ServerReport } from './types.ts';
export { type Workspace, WorkspaceFile } from './workspaces.ts';
