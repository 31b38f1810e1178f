import { expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
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
  await subscriptions.set(new Set(['x://no']));
  await subscriptions.set(new Set(['x://no', 'x://yes']));
  await subscriptions.set(new Set(['x://yes']));
  await subscriptions.set(new Set(['x://yes', 'x://no']));
  expect(asked).toEqual(['resources/subscribe x://no', 'resources/subscribe x://yes', 'resources/subscribe x://no']);
});
