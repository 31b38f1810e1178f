import { expect, it } from 'vitest';
import type { EventName } from '../../src/http/index.ts';
import type { News, SubscriptionEvent } from '../../src/hub/news.ts';
import { documentedEvents, undocumented } from '../support/documented-events.ts';
import { eventLog } from '../support/event-readers.ts';

const changes = { added: [], removed: [], modified: ['a'], unchanged: [] };

/** One of every kind; a kind that is missing here does not compile. */
const SUBSCRIPTION_EVENTS: { readonly [T in SubscriptionEvent['type']]: readonly (SubscriptionEvent & { readonly type: T })[] } = {
  config_changed: [
    { type: 'config_changed', newConfig: {}, isSignificant: true },
    { type: 'config_changed', error: 'no', diagnostics: [], isSignificant: false },
  ],
  servers_updating: [{ type: 'servers_updating', changes }],
  servers_updated: [{ type: 'servers_updated', changes: { ...changes, reason: 'dev_file_change', files: ['x.js'] } }],
  tool_list_changed: [{ type: 'tool_list_changed', server: 'a', tools: [] }],
  resource_list_changed: [{ type: 'resource_list_changed', server: 'a', resources: [], resourceTemplates: [] }],
  prompt_list_changed: [{ type: 'prompt_list_changed', server: 'a', prompts: [] }],
  degraded_changed: [
    { type: 'degraded_changed', server: 'a', degraded: true, degradedReason: 'no' },
    { type: 'degraded_changed', server: 'a', degraded: false },
  ],
  login_required: [
    { type: 'login_required', server: 'a', authorizationUrl: 'https://login.example.com/' },
    { type: 'login_required', server: 'a' },
  ],
  workspaces_updated: [{ type: 'workspaces_updated', workspaces: {} }],
};
const OTHER_EVENTS: { readonly [N in Exclude<EventName, 'subscription_event'>]: readonly News[] } = {
  // Made by the streams themselves; test/http/event-streams.test.ts reads one.
  heartbeat: [],
  hub_state: [
    { name: 'hub_state', data: { state: 'ready' } },
    { name: 'hub_state', data: { state: 'error', message: 'no', code: 'CONFIG_ERROR' } },
  ],
  log: [
    { name: 'log', data: { type: 'info', message: 'x', data: {}, timestamp: 'now' } },
    { name: 'log', data: { type: 'error', message: 'x', code: 'TIMEOUT', data: {}, timestamp: 'now' } },
  ],
};

const known = documentedEvents();

it('docs/events.md describes every event there is, and no other', () => {
  expect([...known.keys()].sort()).toEqual([...Object.keys(SUBSCRIPTION_EVENTS), ...Object.keys(OTHER_EVENTS)].sort());
});

it('its examples are events as they are described there', () => {
  for (const [name, { example, fields }] of known) {
    expect(undocumented(known, example)).toEqual([]);
    expect([example.event, example.data['type']]).toContain(name);
    expect(fields.get('timestamp')).toEqual({ type: 'string', isOptional: false });
  }
});

it('events have the fields that are described there', () => {
  const log = eventLog();
  const told: { event: string; data: Record<string, unknown> }[] = [];
  log.on(({ name, json }) => told.push({ event: name, data: JSON.parse(json) }));
  for (const news of Object.values(OTHER_EVENTS).flat()) log.publish(news);
  for (const data of Object.values(SUBSCRIPTION_EVENTS).flat()) log.publish({ name: 'subscription_event', data });
  expect(told).toHaveLength(16);
  for (const { name, json } of [...log.snapshot(), ...(log.since('b0-16') ?? [])]) told.push({ event: name, data: JSON.parse(json) });
  expect(told.flatMap((event) => undocumented(known, event))).toEqual([]);
});
