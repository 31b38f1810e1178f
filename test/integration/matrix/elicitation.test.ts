import { expect, it } from 'vitest';
import type { JsonValue } from '../../../src/protocol/index.ts';
import { openMatrix } from '../../support/matrix.ts';
import {
  ableWithout,
  itAsks,
  itAsksInEveryWay,
  itAsksNobodyWho,
  itIsRefused,
  itTakesBack,
  type QuestionSample,
} from '../../support/matrix-questions.ts';

const feature = openMatrix();

const FORM: QuestionSample = {
  method: 'elicitation/create',
  params: {
    mode: 'form',
    message: 'Wie heißt du? 😀',
    requestedSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        name: { type: 'string', title: 'Name', minLength: 1, default: 'Ada' },
        mail: { type: 'string', format: 'email', 'x-hint': [null] },
        age: { type: 'integer', minimum: 0, maximum: 150 },
        colour: { type: 'string', oneOf: [{ const: '#f00', title: 'Red' }], default: '#f00' },
        tags: { type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] }, minItems: 0, default: [] },
        sure: { type: 'boolean', default: false },
      },
      required: ['name'],
      'x-order': ['sure', 'name'],
    },
    'x-new': { deep: [1.5] },
    _meta: { 'example.org/why': 'test', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  },
};
const ACCEPT = {
  action: 'accept',
  content: { name: '', age: 0, tags: ['a'], sure: false, 'x-extra': 1 },
  'x-new': [null],
  _meta: { 'example.org/answered': 1 },
};

feature('elicitation, form', (cell) => {
  const form = (): QuestionSample => FORM;
  itAsks('accepted', cell, form, ACCEPT);
  itAsks('declined', cell, form, { action: 'decline' });
  itAsks('dismissed', cell, form, { action: 'cancel' });
  itAsksNobodyWho('a client with URLs only', cell, form, { elicitation: { url: {} } }, { elicitation: { form: {} } });
  itAsksNobodyWho('a client without elicitation', cell, form, ableWithout('elicitation'), { elicitation: { form: {} } });
  itIsRefused(cell, form);
  itTakesBack(cell, form, ACCEPT);
  itAsksInEveryWay(cell, form, ACCEPT);
});

feature('elicitation, URL', (cell) => {
  // Spec 2025-11-25 client/elicitation: URL mode requests have an `elicitationId`; revision 2026-07-28 has none.
  const visit = (): QuestionSample => ({
    method: 'elicitation/create',
    params: {
      mode: 'url',
      message: 'Please log in.',
      url: 'https://example.org/login?state=a%20b+c&next=https%3A%2F%2Fexample.org%2F%C3%A9#frag',
      ...(cell.era === 'legacy' && { elicitationId: 'the-server-s-own' }),
      'x-new': true,
      _meta: { 'example.org/why': 'test' },
    },
  });
  itAsks('accepted', cell, visit, { action: 'accept' });
  itAsks('declined', cell, visit, { action: 'decline', 'x-new': 1 });
  itAsks('dismissed', cell, visit, { action: 'cancel' });
  itAsksNobodyWho('a client with forms only', cell, visit, ableWithout('elicitation', 'url'), { elicitation: { url: {} } });
  itIsRefused(cell, visit);
  itTakesBack(cell, visit, { action: 'accept' });

  it.runIf(cell.era === 'legacy')('a legacy client is told that the visit is over, as a modern one is not', async () => {
    const { viaHub, direct } = await cell.both(
      async (client, own) => {
        const rounds = [{ q: visit() }] as unknown as JsonValue;
        await client.call('tools/call', { name: own('asks'), arguments: { rounds, visited: 'the-server-s-own' } });
        return client.changes;
      },
      { reply: () => ({ action: 'accept' }) },
    );
    expect(direct).toMatchObject([{ method: 'notifications/elicitation/complete', params: { elicitationId: 'the-server-s-own' } }]);
    // Spec 2026-07-28 changelog: "Remove the `notifications/elicitation/complete` notification".
    expect(viaHub).toEqual(cell.clientEra === 'legacy' ? direct : []);
  });
});
