import { type CancelSignal, type Deferred, deferred } from '../base/index.ts';
import {
  type ClientAbility,
  hasAbility,
  isObject,
  type JsonObject,
  type JsonValue,
  type Outcome,
  patchMeta,
  RELATED_TASK_KEY,
  type RpcError,
  rpcCode,
  type ServerRequest,
} from '../protocol/index.ts';

/** A question of a server's that its client has not answered yet. */
interface Question {
  readonly key: string;
  readonly request: ServerRequest;
  readonly needs: ClientAbility;
  readonly outcome: Deferred<Outcome>;
}

/** The questions of one call, by the key that its client sees; no key is used twice. */
export class OpenQuestions {
  readonly #open = new Map<string, Question>();
  #lastKey = 0;

  get size(): number {
    return this.#open.size;
  }

  /** Waits for an answer or an error; aborting `signal` takes the question back. Never rejects. */
  async ask(request: ServerRequest, needs: ClientAbility, signal: CancelSignal): Promise<Outcome> {
    if (signal.aborted) return unanswered(takenBack(request));
    this.#lastKey += 1;
    const key = `${needs.replace(/\..*/, '')}-${this.#lastKey}`;
    const outcome = deferred<Outcome>();
    this.#open.set(key, { key, request, needs, outcome });
    const onAbort = (): void => {
      this.#open.delete(key);
      outcome.resolve(unanswered(takenBack(request)));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await outcome.promise;
    } finally {
      this.#open.delete(key);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** What a client that declared `declared` can be asked, as `inputRequests`; and what the other questions need of it. */
  forClient(declared: JsonObject): { readonly requests: JsonObject; readonly lacking: ReadonlySet<ClientAbility> } {
    const requests: Record<string, JsonObject> = {};
    const lacking = new Set<ClientAbility>();
    for (const { key, request, needs } of this.#open.values()) {
      if (hasAbility(declared, needs)) requests[key] = asModern(request);
      else lacking.add(needs);
    }
    return { requests, lacking };
  }

  /** What is wrong with one of the answers; `undefined` when each can be used. Keys that nobody asked for do not matter. */
  problemWith(responses: JsonObject): string | undefined {
    for (const { key, request } of this.#open.values()) {
      const answer = ownValue(responses, key);
      if (answer !== undefined && !isAnswerTo(request, answer)) return `inputResponses["${key}"] is not a result of "${request.method}".`;
    }
    return undefined;
  }

  /** Hands the answers to those who wait for them; what is not answered stays open. */
  answer(responses: JsonObject): void {
    for (const { key, outcome } of this.#open.values()) {
      const result = ownValue(responses, key);
      if (!isObject(result)) continue;
      this.#open.delete(key);
      outcome.resolve({ result });
    }
  }

  /** Answers every question whose need is in `needs`, or every one at all, with an error. */
  refuse(error: RpcError, needs?: ReadonlySet<ClientAbility>): void {
    for (const question of this.#open.values()) {
      if (needs && !needs.has(question.needs)) continue;
      this.#open.delete(question.key);
      question.outcome.resolve({ error });
    }
  }
}

/** An error in place of an answer. */
export const unanswered = (message: string): { readonly error: RpcError } => ({ error: { code: rpcCode.internalError, message } });

const takenBack = ({ method }: ServerRequest): string => `"${method}" was taken back.`;

/** A value that the client sent, and not one that every object has. */
function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

const ACTIONS: ReadonlySet<JsonValue | undefined> = new Set(['accept', 'decline', 'cancel']);
const ROLES: ReadonlySet<JsonValue | undefined> = new Set(['user', 'assistant']);

/** The least that a result must be, so that the server can make sense of it (spec 2026-07-28 schema, `InputResponse`). */
function isAnswerTo({ method }: ServerRequest, answer: JsonValue): boolean {
  if (!isObject(answer)) return false;
  const { action, content, role, roots } = answer;
  switch (method) {
    case 'elicitation/create':
      return ACTIONS.has(action) && (content === undefined || isObject(content));
    case 'sampling/createMessage':
      return ROLES.has(role) && (isObject(content) || Array.isArray(content));
    default:
      return Array.isArray(roots);
  }
}

/**
 * A question without what the modern revision does not have: the id of a visit to a URL, the wish to be answered by a task, and
 * a progress token, since nobody can tell of progress between two requests (spec 2026-07-28 changelog, schema).
 */
function asModern({ method, params }: ServerRequest): JsonObject {
  if (!params) return { method };
  const { task: _task, elicitationId, ...rest } = params;
  const isVisit = method === 'elicitation/create' && params['mode'] === 'url';
  const kept = isVisit || elicitationId === undefined ? rest : { ...rest, elicitationId };
  const meta = { progressToken: undefined, [RELATED_TASK_KEY]: undefined };
  return { method, params: kept['_meta'] === undefined ? kept : patchMeta(kept, meta) };
}
