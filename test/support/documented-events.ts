import { readFileSync } from 'node:fs';
import { type Block, takeApart } from './event-readers.ts';

interface Field {
  readonly isOptional: boolean;
  /** As `typeof` has it, and `array`. */
  readonly type: string;
}

export interface DocumentedEvent {
  readonly fields: ReadonlyMap<string, Field>;
  readonly example: Block;
}

/** The events that docs/events.md describes with a table and an example, by name or, for a `subscription_event`, by type. */
export function documentedEvents(): ReadonlyMap<string, DocumentedEvent> {
  const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
  const events = new Map<string, DocumentedEvent>();
  for (const section of page.split(/^### /m).slice(1)) {
    const rows = [...section.matchAll(/^\| `(\w+)` \| (\w+)(, optional)? \| [^|]+ \|$/gm)];
    const example = /^```text\n([^]*?)\n\n```$/m.exec(section)?.[1];
    if (rows.length === 0 || example === undefined) continue;
    const fields = new Map(rows.map(([, name = '', type = '', optional]) => [name, { type, isOptional: optional !== undefined }]));
    events.set(section.split('\n', 1)[0] ?? '', { fields, example: takeApart(example) });
  }
  return events;
}

/** What of an event is not as documented; empty when everything is. */
export function undocumented(
  known: ReadonlyMap<string, DocumentedEvent>,
  { event, data }: Pick<Block, 'event' | 'data'>,
): readonly string[] {
  const name = event === 'subscription_event' ? String(data['type']) : event;
  const fields = known.get(name)?.fields;
  if (!fields) return [`${name} is not documented`];
  const missing = [...fields].flatMap(([key, { isOptional }]) => (isOptional || key in data ? [] : [`${name} has no ${key}`]));
  const wrong = Object.entries(data).flatMap(([key, value]) => {
    const type = Array.isArray(value) ? 'array' : typeof value;
    return fields.get(key)?.type === type ? [] : [`${name} has ${key} as ${type}, documented as ${fields.get(key)?.type ?? 'nothing'}`];
  });
  return [...missing, ...wrong];
}
