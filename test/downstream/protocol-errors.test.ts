import { expect, it } from 'vitest';
import { type ErrorCode, errorTable, HubError } from '../../src/base/index.ts';
import { refusalOf } from '../../src/downstream/protocol-errors.ts';

it.each(Object.keys(errorTable) as ErrorCode[])('%s has a status and a JSON-RPC code', (code) => {
  const error = new HubError(code, 'text', { details: { a: 1, secret: undefined, odd: () => 1 } });
  expect(refusalOf(error, 5)).toEqual({
    status: expect.any(Number),
    id: 5,
    error: { code: errorTable[code].rpcCode, message: 'text', data: { code, a: 1 } },
  });
});
