import { expect, it } from 'vitest';
import { type ErrorCode, errorTable, HubError } from '../../src/base/index.ts';
import { problemOf } from '../../src/http/problem.ts';

it.each(Object.keys(errorTable) as ErrorCode[])('%s has its status and the shape of REST errors', (code) => {
  expect(problemOf(new HubError(code, 'text', { details: { a: 1 } }), 0)).toEqual({
    status: errorTable[code].httpStatus,
    body: { error: 'text', code, data: { a: 1 }, timestamp: '1970-01-01T00:00:00.000Z' },
  });
});
