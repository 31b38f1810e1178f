/**
 * The server by which the hub is measured: it passes the official conformance suite directly.
 * Use: `node build/run-ts.mjs test/conformance/fixture-server.ts [--transport http|stdio] [--era both|legacy|modern] [--port N]`.
 * Over HTTP it prints its URL as the first line of stdout, and without a port it takes a free one.
 */
import { parseArgs } from 'node:util';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { buildFixture } from './fixture/build.ts';
import type { FixtureEra } from './fixture/http.ts';
import { serveFixtureHttp } from './fixture/http.ts';
import { inputWithoutTasks } from './fixture/task-transports.ts';

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'http' },
    era: { type: 'string', default: 'both' },
    port: { type: 'string', default: '0' },
  },
});

function era(value: string): FixtureEra {
  if (value === 'both' || value === 'legacy' || value === 'modern') return value;
  throw new Error(`--era is both, legacy or modern, not ${value}`);
}

const chosen = era(values.era);
if (values.transport === 'stdio') {
  // A server that was written before 2026-07-28 is one that is connected by hand.
  if (chosen === 'legacy') await buildFixture().connect(new StdioServerTransport());
  else
    serveStdio(() => buildFixture(), {
      legacy: chosen === 'modern' ? 'reject' : 'serve',
      transport: new StdioServerTransport(inputWithoutTasks()),
    });
} else {
  const address = (await serveFixtureHttp(chosen, Number(values.port))).address();
  if (address === null || typeof address === 'string') throw new Error('The fixture has no port.');
  console.log(`http://127.0.0.1:${address.port}/mcp`);
}
