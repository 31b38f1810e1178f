/** One event of an event stream (WHATWG HTML, "Server-sent events"). */
export interface StreamEvent {
  readonly name: string;
  /** Of the last event that had one. */
  readonly id: string;
  readonly data: string;
}

/** Most that one event may hold, in characters. */
const MAX_EVENT = 64 * 1024 * 1024;

/** Cuts the text of an event stream into events, however it is cut into chunks. */
export class SseReader {
  #rest = '';
  #name = '';
  #id = '';
  #data: string[] = [];
  #size = 0;

  /** @throws RangeError when an event is larger than any a hub sends */
  push(chunk: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    const text = this.#rest + chunk;
    // A CR at the end may be the first half of a CRLF.
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? '') + text.slice(end);
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    if (this.#rest.length + this.#size > MAX_EVENT) throw new RangeError('An event is too large.');
    return events;
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#name = value;
    else if (field === 'id') this.#id = value;
    else if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
    }
    return undefined;
  }

  #end(): StreamEvent | undefined {
    const event = this.#data.length > 0 ? { name: this.#name || 'message', id: this.#id, data: this.#data.join('\n') } : undefined;
    [this.#name, this.#data, this.#size] = ['', [], 0];
    return event;
  }
}
