import { request } from 'node:http';
import { EventLog } from '../../src/hub/event-log.ts';
import type { Clock } from '../../src/base/index.ts';
import { systemClock } from '../../src/base/index.ts';

/** A log of events for a server without a hub around it. */
export function eventLog(clock: Clock = systemClock, boot = 'b0'): EventLog {
  const onListenerError = (error: unknown): never => {
    throw error;
  };
  return new EventLog({ clock, boot, version: '4.2.1', port: () => 4_242, onListenerError });
}

/** One block of the stream, taken apart by pattern as editors do it, and not by an SSE library. */
export interface Block {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

export interface EventsReader {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly blocks: readonly Block[];
  /** Everything as it came. */
  text(): string;
  /** Resolves when the stream is over: true when it ended in an orderly way. */
  readonly ended: Promise<boolean>;
  /** Cuts the connection. */
  cut(): void;
}

/** Reads `/api/events`; rejects when there is no answer. */
export function readEvents(
  origin: string,
  { lastId, path = '/api/events' }: { lastId?: string; path?: string } = {},
): Promise<EventsReader> {
  return new Promise((resolve, reject) => {
    const req = request(`${origin}${path}`, { agent: false, headers: lastId === undefined ? {} : { 'last-event-id': lastId } }, (res) => {
      const blocks: Block[] = [];
      let all = '';
      let rest = '';
      res.setEncoding('utf8').on('data', (text: string) => {
        all += text;
        const parts = (rest + text).split('\n\n');
        rest = parts.pop() ?? '';
        blocks.push(...parts.map(takeApart));
      });
      const ended = new Promise<boolean>((done) => {
        res.on('error', () => {
          // Expected: "aborted", the close after it counts.
        });
        res.once('close', () => done(res.complete && rest === ''));
      });
      resolve({ status: res.statusCode ?? 0, headers: res.headers, blocks, text: () => all, ended, cut: () => req.destroy() });
    });
    req.on('error', reject);
    req.end();
  });
}

/** @throws Error when the block has not the one form that every reader takes. */
export function takeApart(block: string): Block {
  const match = /^event: ([a-z_]+)\n(?:id: ([0-9a-z]+-\d+)\n)?data: ([^\r\n]+)$/.exec(block);
  if (!match?.[1] || !match[3]) throw new Error(`Not a block: ${JSON.stringify(block)}`);
  return { event: match[1], id: match[2], data: JSON.parse(match[3]) };
}
