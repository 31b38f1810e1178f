import { InvalidArgumentError, Option } from 'commander';
import { HubError, jsonText } from '../../base/index.ts';
import { connectHub, type HubEvent } from '../api-client.ts';
import { shown } from '../content.ts';
import type { CommandSpec } from '../command.ts';
import { textOf } from '../json.ts';

export const command: CommandSpec = {
  configure: (line) =>
    line
      .description('Prints what happens in the hub until you stop it; with --json one JSON document per line: {event, id, data}.')
      .addOption(new Option('--only <event>', 'this kind of event alone').choices(['hub_state', 'log', 'subscription_event', 'heartbeat']))
      .option('--count <number>', 'end after so many', wholeCount),
  examples: ['mcp-hub events', 'mcp-hub events --only subscription_event --json', 'mcp-hub events --only log --count 10'],
  async run(_args, options, io) {
    const client = await connectHub(options, io);
    const { only, count } = options;
    let seen = 0;
    for await (const event of client.events()) {
      // Heartbeats only say that the stream is alive.
      if (only === undefined ? event.name === 'heartbeat' && !io.isJson : event.name !== only) continue;
      io.print(
        io.isJson
          ? jsonText({ event: event.name, id: event.id, data: event.data })
          : lineOf(event, io.style.strong, (text) => shown(text, io)),
      );
      seen += 1;
      if (seen === count) return;
    }
    if (!io.signal.aborted) throw new HubError('HUB_NOT_FOUND', 'The hub has closed the stream: it is going down.');
  },
};

function lineOf({ name, data }: HubEvent, strong: (text: string) => string, safe: (text: string) => string): string {
  const type = name === 'subscription_event' ? textOf(data, 'type') : '';
  return `${strong(safe(type === '' ? name : `${name} ${type}`))} ${safe(jsonText(data))}`;
}

function wholeCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1.');
  return Number(text);
}
