import { expect, it } from 'vitest';
import { HubError, silentLogger } from '../../../src/base/index.ts';
import { LegacySubscriptions } from '../../../src/upstream/lists/legacy-subscriptions.ts';

it('asks for a refused URI again only when it is wanted anew', async () => {
  const asked: string[] = [];
  const subscriptions = new LegacySubscriptions({
    id: 'srv',
    logger: silentLogger,
    ask: async (method, { uri }) => {
      asked.push(`${method} ${uri}`);
      return uri === 'x://no' ? { error: { code: -32601, message: 'no' } } : { result: {} };
    },
  });
  const refused = new Map([['x://no', { code: -32601, message: 'no' }]]);
  expect(await subscriptions.set(new Set(['x://no']))).toEqual(refused);
  expect(await subscriptions.set(new Set(['x://no', 'x://yes']))).toEqual(refused);
  expect(await subscriptions.set(new Set(['x://yes']))).toEqual(new Map());
  expect(await subscriptions.set(new Set(['x://yes', 'x://no']))).toEqual(refused);
  expect(asked).toEqual(['resources/subscribe x://no', 'resources/subscribe x://yes', 'resources/subscribe x://no']);
});

it('says why a subscription came to nothing when there was no answer', async () => {
  const ask = (): Promise<never> => Promise.reject(new HubError('TIMEOUT', 'No answer.'));
  const subscriptions = new LegacySubscriptions({ id: 'srv', logger: silentLogger, ask });
  expect((await subscriptions.set(new Set(['x://1']))).get('x://1')).toMatchObject({ message: 'No answer.', data: { code: 'TIMEOUT' } });
});
