import { expect, it } from 'vitest';
import type { JsonObject } from '../../../src/protocol/index.ts';
import { at, SERVERS } from '../../support/era-pairs.ts';
import { openMatrix } from '../../support/matrix.ts';

const feature = openMatrix();

feature('completion', (cell) => {
  const REFS: [string, (own: (item: string) => string) => JsonObject][] = [
    ['a prompt', (own) => ({ type: 'ref/prompt', name: own('greet'), title: 'T', 'x-new': 1 })],
    ['a resource template', () => ({ type: 'ref/resource', uri: cell.uri('item/{id}'), 'x-new': [1] })],
  ];
  it.each(REFS)('of %s: reference, argument and context reach the server, its values the client', async (_, refOf) => {
    const argument = { name: 'who', value: 'Ä ', 'x-new': null };
    const context = { arguments: { first: '', other: '😀' }, 'x-new': {} };
    const { viaHub, direct } = await cell.both(
      async (client, own) => (await client.call('completion/complete', { ref: refOf(own), argument, context })).response['result'],
    );
    expect(direct).toMatchObject({ completion: { values: ['Ä 1', 'Ä 2'], 'x-new': true } });
    expect(viaHub).toEqual(cell.asDocumented(direct, 'completion/complete'));
    const seen = (await cell.recorded('completion/complete')).at(-1)?.['params'];
    expect({ ...(seen as JsonObject), _meta: 0 }).toEqual({ ref: refOf((item) => item), argument, context, _meta: 0 });
  });

  it('of what does not exist is an error', async () => {
    const client = await cell.viaHub();
    const ref = { type: 'ref/prompt', name: cell.own('nothing_of_the_kind') };
    const { response } = await client.call('completion/complete', { ref, argument: { name: 'a', value: '' } });
    expect(cell.path === '/mcp' ? at(response, 'error', 'code') : -32602).toBe(-32602);
  });
});

feature('instructions', (cell) => {
  it('arrive with the opening, of one server as they are, of all under their names', async () => {
    const { viaHub, direct } = await cell.both(async (client) => client.opening['instructions']);
    expect(direct).toBe(`Instructions of ${cell.name}.`);
    const all = SERVERS.map(({ name }) => `## ${name}\n\nInstructions of ${name}.`).join('\n\n');
    expect(viaHub).toBe(cell.path === '/mcp' ? all : direct);
  });

  it('come from the server’s own opening, which there is one of', async () => {
    // Spec 2026-07-28 changelog: "remove the `initialize`/`notifications/initialized` handshake".
    expect(await cell.recorded('initialize')).toHaveLength(cell.era === 'legacy' ? 1 : 0);
    const other = cell.clientEra === 'modern' ? 'initialize' : 'server/discover';
    const { status, response } = await (await cell.viaHub()).call(other);
    expect(response).toHaveProperty('error');
    expect(status).toBe(cell.clientEra === 'modern' ? 404 : 200);
  });
});
