import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HubError } from '../base/index.ts';
import type { Principal } from '../gateway/index.ts';
import { isRequest, type Message, rpcCode } from '../protocol/index.ts';
import type { Context } from './context.ts';
import { EventStream } from './event-stream.ts';
import { refusalOf } from './protocol-errors.ts';
import { sendEmpty, sendRefusal } from './reply.ts';
import { type Owner, Session, takeIn } from './session.ts';

interface Channel {
  readonly session: Session;
  readonly stream: EventStream;
}

/**
 * HTTP with SSE of 2024-11-05: one stream down, POSTs up (spec 2024-11-05 basic/transports). The stream is the
 * session: when it closes, everything of it ends, once.
 */
export class LegacySse {
  readonly #context: Context;
  readonly #messagesPath: string;
  readonly #channels = new Map<string, Channel>();

  /** @param messagesPath where clients are told to POST their messages. */
  constructor(context: Context, messagesPath: string) {
    this.#context = context;
    this.#messagesPath = messagesPath;
  }

  /** Streams whose client has sent `initialize`; any other GET is a stray. */
  get count(): number {
    return [...this.#channels.values()].filter(({ session }) => session.version !== undefined).length;
  }

  get openStreams(): number {
    return this.#channels.size;
  }

  /** Opens a stream and tells its client where to send messages. */
  open(res: ServerResponse, owner: Owner): void {
    const { maxSessions } = this.#context.limits();
    if (this.#channels.size >= maxSessions) return sendRefusal(res, refusalOf(tooManyStreams(maxSessions)));
    const session = new Session(randomUUID(), owner, this.#context);
    const onClose = (): void => {
      this.#channels.delete(session.id);
      session.close();
    };
    const stream = EventStream.open(res, { clock: this.#context.clock, onClose });
    this.#channels.set(session.id, { session, stream });
    stream.sendEvent({ event: 'endpoint', data: `${this.#messagesPath}?sessionId=${session.id}` });
    session.listenOn(stream);
  }

  /** Whether a stream of that id is open, and is that of the one who asks. */
  has(sessionId: string, { id }: Principal): boolean {
    return this.#channels.get(sessionId)?.session.owner.principal.id === id;
  }

  /** Takes the messages of one POST; their answers go out on the stream. */
  async post({ headers }: IncomingMessage, res: ServerResponse, messages: readonly Message[], sessionId: string): Promise<void> {
    const channel = this.#channels.get(sessionId);
    if (!channel) return sendRefusal(res, unknownStream());
    sendEmpty(res, 202);
    const { session, stream } = channel;
    const answers = messages.map(async (message) => {
      if (!isRequest(message)) return takeIn(session, message);
      const response = await session.request(message, (event) => stream.send(event), headers);
      if (response) stream.send(response);
    });
    await Promise.all(answers);
  }

  close(): void {
    for (const { stream } of this.#channels.values()) stream.end();
  }
}

export function unknownStream(): ReturnType<typeof refusalOf> {
  const message = 'No open stream has this sessionId. Open the event stream again and use the endpoint that it names.';
  return { status: 404, error: { code: rpcCode.invalidRequest, message } };
}

function tooManyStreams(maxSessions: number): HubError {
  const message = `The hub has ${maxSessions} open streams of this transport already ("maxSessions"). Close one first, or raise the setting in the config.`;
  return new HubError('LIMIT_EXCEEDED', message, { details: { setting: 'maxSessions', maxSessions } });
}
