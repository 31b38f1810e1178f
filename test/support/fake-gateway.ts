import { closest } from '../../src/base/index.ts';
import type { Answer, Call, Feed, FeedOptions, Gateway, Scope } from '../../src/gateway/index.ts';
import { type HeaderParam, type JsonObject, metaKey, type NotificationMessage, type Outcome, rpcCode } from '../../src/protocol/index.ts';

export type Script = (call: Call) => Answer | Promise<Answer>;

/** A hub's or an upstream's answer, as a gateway gives it. */
export const hubResult = (result: JsonObject): Answer => ({ era: 'hub', outcome: { result } });
export const legacyResult = (result: JsonObject): Answer => ({ era: 'legacy', outcome: { result } });
export const modernResult = (result: JsonObject): Answer => ({ era: 'modern', outcome: { result } });
export const failure = (era: Answer['era'], code: number, message: string, data?: JsonObject): Answer => ({
  era,
  outcome: { error: data === undefined ? { code, message } : { code, message, data } },
});

const DISCOVERED: JsonObject = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
    logging: {},
    completions: {},
  },
  instructions: 'Be kind.',
  ttlMs: 0,
  cacheScope: 'private',
  _meta: { [metaKey.serverInfo]: { name: 'fake-hub', version: '1.0.0' } },
};

/** A feed that its test can send on. */
export class FakeFeed implements Feed {
  readonly options: FeedOptions;
  readonly subscribed = new Set<string>();
  level: string | undefined;
  disposals = 0;
  /** What the next subscriptions are answered with. */
  outcome: Outcome | Promise<Outcome> = { result: {} };

  constructor(options: FeedOptions) {
    this.options = options;
  }

  async subscribe(uri: string): Promise<Outcome> {
    const outcome: Outcome = uri.startsWith('bad:')
      ? { error: { code: rpcCode.invalidParams, message: 'Unknown resource', data: { uri } } }
      : await this.outcome;
    if (!outcome.error) this.subscribed.add(uri);
    return outcome;
  }

  async unsubscribe(uri: string): Promise<Outcome> {
    this.subscribed.delete(uri);
    return { result: {} };
  }

  async watchTasks(taskIds: readonly string[]): Promise<readonly string[]> {
    return taskIds.filter((taskId) => !taskId.startsWith('unknown'));
  }

  async setLogLevel(level: string): Promise<void> {
    this.level = level;
  }

  /** What the session said of its client's roots. */
  readonly rootsNews: string[] = [];

  rootsChanged(): void {
    this.rootsNews.push('changed');
  }

  reachable(): void {
    this.rootsNews.push('reachable');
  }

  dispose(): void {
    this.disposals += 1;
  }

  send(event: NotificationMessage): void {
    this.options.send(event);
  }
}

/** A gateway that answers by script, one per method, and remembers what it was asked. */
export class FakeGateway implements Gateway {
  readonly calls: Call[] = [];
  readonly feeds: FakeFeed[] = [];
  readonly notifications: NotificationMessage[] = [];
  readonly servers = new Set(['one', 'two words']);
  readonly headers = new Map<string, readonly HeaderParam[]>();
  readonly #scripts = new Map<string, Script>([['server/discover', () => hubResult(DISCOVERED)]]);

  on(method: string, script: Script): this {
    this.#scripts.set(method, script);
    return this;
  }

  async call(call: Call): Promise<Answer> {
    this.calls.push(call);
    const script = this.#scripts.get(call.method);
    return script ? script(call) : failure('hub', rpcCode.methodNotFound, `Nobody knows ${call.method.slice(0, 50)}`);
  }

  notify(_scope: Scope, notification: NotificationMessage): void {
    this.notifications.push(notification);
  }

  attach(options: FeedOptions): FakeFeed {
    const feed = new FakeFeed(options);
    this.feeds.push(feed);
    return feed;
  }

  hasServer(id: string): boolean {
    return this.servers.has(id);
  }

  serverLike(id: string): string | undefined {
    return closest(id, this.servers);
  }

  headerParams(_scope: Scope, toolName: string): readonly HeaderParam[] | undefined {
    return this.headers.get(toolName);
  }

  /** The feeds that were not disposed of. */
  get openFeeds(): readonly FakeFeed[] {
    return this.feeds.filter(({ disposals }) => disposals === 0);
  }
}
