import { expect, it } from 'vitest';
import { type ErrorCode, errorTable, HubError } from '../../src/base/index.ts';
import { refusalOf, rpcErrorOf } from '../../src/downstream/protocol-errors.ts';

it.each(Object.keys(errorTable) as ErrorCode[])('%s has a JSON-RPC code in both eras', (code) => {
  const error = new HubError(code, 'text', { details: { a: 1 } });
  const modern = { code: errorTable[code].rpcCode, message: 'text', data: { code, a: 1 } };
  expect(rpcErrorOf(error, 'modern')).toEqual(modern);
  expect(rpcErrorOf(error, 'legacy')).toEqual(code === 'RESOURCE_NOT_FOUND' ? { ...modern, code: -32002 } : modern);
  expect(refusalOf(error, 5)).toMatchObject({ status: expect.any(Number), id: 5, error: modern });
});
