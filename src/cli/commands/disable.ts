import { disabling } from '../set-disabled.ts';

export const command = disabling(true, ['mcp-hub disable github', 'mcp-hub disable github --config mcp-servers.json']);
