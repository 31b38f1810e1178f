import { describe, expect, it } from 'vitest';
import { type Field, inWords, questionOf, wrongAnswer } from '../../../src/cli/mcp/questions.ts';

const elicit = (params: object) => questionOf({ method: 'elicitation/create', params });

function fieldOf(schema: object, required = true): Field {
  const question = elicit({
    message: 'm',
    requestedSchema: { type: 'object', properties: { f: schema }, required: required ? ['f'] : [] },
  });
  const [field] = question.kind === 'form' ? question.fields : [];
  if (!field) throw new Error('no field');
  return field;
}

describe('questionOf', () => {
  it.each([
    [{ type: 'string' }, 'text', []],
    [{ type: 'number' }, 'number', []],
    [{ type: 'integer' }, 'integer', []],
    [{ type: 'boolean' }, 'boolean', []],
    [{}, 'text', []],
    [{ type: 'string', enum: ['a', 'b'] }, 'choice', ['a=a', 'b=b']],
    [{ type: 'string', enum: ['a', 'b'], enumNames: ['A', 'B'] }, 'choice', ['a=A', 'b=B']],
    [{ type: 'string', oneOf: [{ const: 'a', title: 'A' }] }, 'choice', ['a=A']],
    [{ type: 'array', items: { type: 'string', enum: ['a'] } }, 'choices', ['a=a']],
    [{ type: 'array', items: { anyOf: [{ const: 'a', title: 'A' }] } }, 'choices', ['a=A']],
  ])('reads the field %j', (schema, type, choices) => {
    const field = fieldOf(schema);
    expect({ type: field.type, choices: field.choices.map(({ value, label }) => `${value}=${label}`) }).toEqual({ type, choices });
  });

  it.each([
    [
      { method: 'elicitation/create', params: { mode: 'url', message: 'Log in', url: 'https://a.b' } },
      'visit',
      '"Log in" (open https://a.b)',
    ],
    [{ method: 'elicitation/create', params: { message: 'Sure?' } }, 'form', '"Sure?"'],
    [{ method: 'roots/list' }, 'roots', 'folders'],
    [{ method: 'sampling/createMessage', params: {} }, 'unknown', 'sampling/createMessage'],
    [null, 'unknown', 'cannot give'],
  ])('reads %j', (request, kind, words) => {
    const question = questionOf(request);
    expect(question.kind).toBe(kind);
    expect(inWords(question)).toContain(words);
  });

  it('tells a form with its fields', () => {
    const properties = { name: { type: 'string' }, size: { type: 'string', enum: ['s', 'm'] } };
    expect(inWords(elicit({ message: 'Which?', requestedSchema: { properties, required: ['name'] } }))).toBe(
      '"Which?" (name: text; size: s | m, optional)',
    );
  });
});

describe('wrongAnswer', () => {
  it.each([
    [{ type: 'string' }, '', 'A value is needed.'],
    [{ type: 'string' }, 'x', undefined],
    [{ type: 'string', minLength: 2 }, 'ü', 'at least 2'],
    [{ type: 'string', maxLength: 1 }, '👍', undefined],
    [{ type: 'string', maxLength: 1 }, 'ab', 'at most 1'],
    [{ type: 'string', format: 'email' }, 'a@b', undefined],
    [{ type: 'string', format: 'email' }, 'ab', 'e-mail'],
    [{ type: 'string', format: 'uri' }, 'ab', 'https://example.org'],
    [{ type: 'string', format: 'date' }, '2026-13-01', 'a date'],
    [{ type: 'string', format: 'date-time' }, '2026-07-28T12:00:00Z', undefined],
    [{ type: 'string', format: 'date-time' }, '2026-07-28', 'a time'],
    [{ type: 'string', format: 'something-new' }, 'x', undefined],
    [{ type: 'number' }, '1.5', undefined],
    [{ type: 'number' }, 'one', 'a number'],
    [{ type: 'number' }, ' ', 'a number'],
    [{ type: 'integer' }, '1.5', 'whole'],
    [{ type: 'integer', minimum: 2 }, '1', 'at least 2'],
    [{ type: 'integer', maximum: 2 }, '3', 'at most 2'],
  ])('%j %j', (schema, text, words) => {
    const wrong = wrongAnswer(fieldOf(schema), text);
    expect(wrong ?? '').toContain(words ?? '');
    expect(wrong === undefined).toBe(words === undefined);
  });

  it('takes an empty answer where none is needed', () => {
    expect(wrongAnswer(fieldOf({ type: 'number' }, false), '')).toBeUndefined();
  });
});
