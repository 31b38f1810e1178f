import type { HubState } from './types.ts';

/** Which servers a change of the config or of files concerns, by name. */
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly modified: readonly string[];
  readonly unchanged: readonly string[];
  /** After a change of the config: by the name of a modified server, the keys of its entry that are different. */
  readonly details?: Readonly<Record<string, { readonly modifiedFields: readonly string[] }>>;
  readonly reason?: 'dev_file_change';
  /** With a reason: the files that changed, relative to what is watched. */
  readonly files?: readonly string[];
  /** With a reason, once it is done: what the server offers now, as full objects. */
  readonly newCapabilities?: object;
}

/** The `subscription_event` stream event, by its `type` (docs/events.md). */
export type SubscriptionEvent =
  | { readonly type: 'config_changed'; readonly newConfig: object; readonly isSignificant: boolean }
  | { readonly type: 'config_changed'; readonly error: string; readonly diagnostics: readonly object[]; readonly isSignificant: false }
  | ({ readonly type: 'servers_updating' | 'servers_updated'; readonly changes: Changes } & Pick<
      Changes,
      // Clients of mcp-hub 4.x find them beside the changes.
      'reason' | 'files' | 'newCapabilities'
    >)
  | { readonly type: 'tool_list_changed'; readonly server: string; readonly tools: readonly object[] }
  | {
      readonly type: 'resource_list_changed';
      readonly server: string;
      readonly resources: readonly object[];
      readonly resourceTemplates: readonly object[];
    }
  | { readonly type: 'prompt_list_changed'; readonly server: string; readonly prompts: readonly object[] }
  | { readonly type: 'degraded_changed'; readonly server: string; readonly degraded: boolean; readonly degradedReason?: string }
  | { readonly type: 'login_required'; readonly server: string; readonly authorizationUrl?: string }
  | { readonly type: 'workspaces_updated'; readonly workspaces: object };

/** Something that readers of the event stream hear of. Never holds a secret. */
export type News =
  | { readonly name: 'hub_state'; readonly data: { readonly state: HubState; readonly message?: string; readonly code?: string } }
  | { readonly name: 'log'; readonly data: object }
  | { readonly name: 'subscription_event'; readonly data: SubscriptionEvent };

/** Tells readers of the event stream; never throws, never waits. */
export type Publish = (news: News) => void;
