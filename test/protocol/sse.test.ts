import { createParser } from 'eventsource-parser';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { SSE_KEEP_ALIVE, type SseEvent, sseFrame } from '../../src/protocol/index.ts';

function read(text: string): { event?: string | undefined; id?: string | undefined; data: string }[] {
  const events: { event?: string | undefined; id?: string | undefined; data: string }[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  parser.feed(text);
  return events;
}

it.each<[SseEvent, string]>([
  [{ data: '{}' }, 'data: {}\n\n'],
  [{ event: 'message', data: '{}' }, 'event: message\ndata: {}\n\n'],
  [{ data: 'x', retry: 500, id: '7', event: 'e' }, 'event: e\nid: 7\nretry: 500\ndata: x\n\n'],
  [{ id: '1', data: '' }, 'id: 1\ndata: \n\n'],
  [{ data: 'a\nb' }, 'data: a\ndata: b\n\n'],
  [{ data: 'a\r\nb\rc' }, 'data: a\ndata: b\ndata: c\n\n'],
])('%j', (event, text) => {
  expect(sseFrame(event)).toBe(text);
});

it('a reader gets the data, whatever is in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ' ', ':', '\n', '\r', 'é', '"') }), (data) => {
      expect(read(sseFrame({ event: 'message', data }))).toMatchObject([{ event: 'message', data: data.replace(/\r\n?/g, '\n') }]);
    }),
  );
});

it('a reader skips the keep-alive', () => {
  expect(read(`${SSE_KEEP_ALIVE}${sseFrame({ data: '1' })}${SSE_KEEP_ALIVE}`)).toMatchObject([{ data: '1' }]);
});
