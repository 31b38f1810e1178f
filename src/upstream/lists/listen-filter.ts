import { changeKindOf, type ChangeKind, isObject, type JsonObject, listChangedMethod } from '../../protocol/index.ts';

/** What a subscription asks for beside the lists. */
export interface ListenWish {
  readonly uris: ReadonlySet<string>;
  readonly taskIds: ReadonlySet<string>;
}

/** What a server agreed to tell of. */
export interface Agreement extends ListenWish {
  readonly kinds: ReadonlySet<ChangeKind>;
}

/** The lists that a server says may change. */
export function listedKinds(capabilities: JsonObject): readonly ChangeKind[] {
  return Object.values(listChangedMethod).flatMap((method) => {
    const kind = changeKindOf(method);
    const capability = kind && capabilities[kind];
    return kind && isObject(capability) && capability['listChanged'] === true ? [kind] : [];
  });
}

/** The filter of a `subscriptions/listen`; empty when there is nothing to listen for. */
export function filterOf(capabilities: JsonObject, { uris, taskIds }: ListenWish): JsonObject {
  return {
    ...Object.fromEntries(listedKinds(capabilities).map((kind) => [`${kind}ListChanged`, true])),
    ...(uris.size > 0 && { resourceSubscriptions: [...uris].sort() }),
    ...(taskIds.size > 0 && { taskIds: [...taskIds].sort() }),
  };
}

/** The part of a wish that an acknowledgement names; of one that names nothing at all, lists and resources are taken as agreed to. */
export function agreementOf({ notifications }: JsonObject, capabilities: JsonObject, asked: ListenWish): Agreement {
  const kinds = listedKinds(capabilities);
  if (!isObject(notifications)) return { kinds: new Set(kinds), uris: asked.uris, taskIds: new Set() };
  const uris = textsOf(notifications['resourceSubscriptions']);
  return {
    kinds: new Set(kinds.filter((kind) => notifications[`${kind}ListChanged`] === true)),
    uris: new Set([...asked.uris].filter((uri) => uris.has(uri))),
    taskIds: textsOf(notifications['taskIds']),
  };
}

export function areSame(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return some.size === others.size && [...some].every((each) => others.has(each));
}

function textsOf(value: unknown): ReadonlySet<string> {
  return new Set(Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);
}
