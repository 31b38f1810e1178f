import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/protocol/index.ts';
import { lackingAbility } from '../../src/downstream/client-abilities.ts';

const create = 'elicitation/create';
const sample = 'sampling/createMessage';

describe('lackingAbility', () => {
  it.each<[string, JsonObject | undefined, JsonObject]>([
    [sample, { messages: [] }, { sampling: {} }],
    [sample, { tools: [] }, { sampling: { tools: {} } }],
    [create, undefined, { elicitation: {} }],
    [create, { mode: 'form' }, { elicitation: {} }],
    [create, { mode: 'form' }, { elicitation: { form: {}, url: {} } }],
    [create, { mode: 'url' }, { elicitation: { url: {} } }],
    ['roots/list', undefined, { roots: { listChanged: true } }],
  ])('%s %j can be asked of %j', (method, params, declared) => {
    expect(lackingAbility({ method, params }, declared)).toBeUndefined();
  });

  it.each<[string, JsonObject | undefined, JsonObject | undefined, string]>([
    [sample, { messages: [] }, {}, '"sampling"'],
    [sample, { messages: [] }, undefined, '"sampling"'],
    [sample, { tools: [] }, { sampling: {} }, '"sampling.tools"'],
    [sample, { toolChoice: {} }, { sampling: {} }, '"sampling.tools"'],
    [create, {}, { sampling: {} }, '"elicitation.form"'],
    [create, {}, { elicitation: { url: {} } }, '"elicitation.form"'],
    [create, { mode: 'url' }, { elicitation: {} }, '"elicitation.url"'],
    ['roots/list', undefined, { roots: true }, '"roots"'],
    ['tasks/get', {}, { roots: {} }, 'not a request'],
  ])('%s %j cannot be asked of %j', (method, params, declared, said) => {
    expect(lackingAbility({ method, params }, declared)).toMatchObject({ code: -32601, message: expect.stringContaining(said) as string });
  });
});
