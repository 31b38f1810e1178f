import type { ServerReport } from '../../src/hub/index.ts';

const nothing = { tools: 0, prompts: 0, resources: 0, resourceTemplates: 0 };
const identity = { era: 'modern', protocolVersion: '2026-07-28', serverInfo: {}, capabilities: {} } as const;

/** A report as the hub gives it. */
export function report(name: string, state: ServerReport['state'], more: Partial<ServerReport> = {}): ServerReport {
  return { name, state, counts: nothing, notes: [], ...more };
}

export function ready(name: string, more: Partial<ServerReport> = {}, sinceMs = 0): ServerReport {
  return report(name, { kind: 'ready', sinceMs, tookMs: 850, identity }, more);
}
