import type { Dispatcher } from 'undici';
import { refuseBlockedPort } from './blocked-ports.ts';
import { Delivery } from './delivery.ts';
import { Http1Connections } from './http1/connections.ts';
import { LateDispatcher } from './late-dispatcher.ts';
import type { Flow, Outgoing, OutgoingRequest, Receiver, Road } from './outgoing.ts';

/** Roads of one kind. */
interface Roads {
  roadTo(origin: URL): Road;
}

/** The way out. @param choose the roads for an origin; throws where the hub may not go */
export function outgoingOver(choose: (origin: URL) => Roads): Outgoing {
  return {
    roadTo(origin) {
      try {
        const url = new URL(origin);
        const chosen = choose(url);
        refuseBlockedPort(url);
        return chosen.roadTo(url);
      } catch (error) {
        return { send: (_, receiver) => refused(receiver, error) };
      }
    },
  };
}

/** Roads over a dispatcher. */
export function roadsOver(late: LateDispatcher): Roads {
  return { roadTo: ({ origin }) => new DispatchedRoad(origin, late) };
}

/** Roads without a proxy in between. */
export class DirectRoads implements Roads {
  readonly #plain = new Http1Connections();
  readonly #late = new LateDispatcher(({ Agent }) => new Agent());
  readonly #secure = roadsOver(this.#late);

  roadTo(origin: URL): Road {
    return (origin.protocol === 'http:' ? this.#plain : this.#secure).roadTo(origin);
  }

  /** Ends their connections. Idempotent, never rejects. */
  async close(): Promise<void> {
    this.#plain.close();
    await this.#late.close();
  }
}

const shared = new DirectRoads();

/** The way out without proxies, over connections that live as long as the process and do not keep it alive: as Node's own `fetch`. */
export const plainOutgoing: Outgoing = outgoingOver(() => shared);

class DispatchedRoad implements Road {
  readonly #origin: string;
  readonly #late: LateDispatcher;

  constructor(origin: string, late: LateDispatcher) {
    this.#origin = origin;
    this.#late = late;
  }

  send(request: OutgoingRequest, receiver: Receiver): Flow {
    const delivery = new Delivery(receiver);
    const { opened } = this.#late;
    if (opened) this.#dispatch(opened, request, delivery);
    else void this.#openAndDispatch(request, delivery);
    return delivery;
  }

  async #openAndDispatch(request: OutgoingRequest, delivery: Delivery): Promise<void> {
    try {
      this.#dispatch(await this.#late.open(), request, delivery);
    } catch (error) {
      delivery.fail(error);
    }
  }

  #dispatch(dispatcher: Dispatcher, { method, path, headers, body, silenceMs }: OutgoingRequest, delivery: Delivery): void {
    dispatcher.dispatch(
      { origin: this.#origin, method, path, headers, body: body ?? null, headersTimeout: silenceMs, bodyTimeout: silenceMs },
      delivery,
    );
  }
}

function refused(receiver: Receiver, error: unknown): Flow {
  const delivery = new Delivery(receiver);
  delivery.fail(error);
  return delivery;
}
