export { readOwnerKey } from './access/owner-key.ts';
export { loadHub } from './load-hub.ts';
export { HubMarketplace, openMarketplace } from './load-marketplace.ts';
export { LogFile } from './log-file.ts';
export type { Installation, Parameter, RegistryEntry } from './marketplace/entries.ts';
export type { RegistryMarketplace } from './marketplace/marketplace.ts';
export type { AccessOptions, Hub, HubEvents, HubOptions, HubState, OpenHub, ServerReport } from './types.ts';
export { type Workspace, WorkspaceFile } from './workspaces.ts';
