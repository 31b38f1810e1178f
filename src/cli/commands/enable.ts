import { disabling } from '../set-disabled.ts';

export const command = disabling(false, ['mcp-hub enable github', 'mcp-hub enable github --config mcp-servers.json']);
