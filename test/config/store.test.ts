import { describe, expect, it } from 'vitest';
import { ConfigStore, type HubConfig, loadConfig } from '../../src/config/index.ts';

const empty = (): Promise<HubConfig> => loadConfig({ files: ['missing.json'], env: {}, cwd: '/nowhere', defaultFile: '' });

describe('ConfigStore', () => {
  it('has nothing in force before the first apply', () => {
    expect(() => new ConfigStore(empty).current).toThrow(/before it was loaded/);
  });

  it('loads one after the other, and a failure leaves the old value in force', async () => {
    const good = await empty();
    const steps: string[] = [];
    const outcomes = [good, undefined, { ...good, files: ['new'] }];
    const store = new ConfigStore(async () => {
      const outcome = outcomes.shift();
      steps.push('start');
      await new Promise((resolve) => setImmediate(resolve));
      steps.push('end');
      if (!outcome) throw new Error('broken');
      return outcome;
    });
    const first = store.apply();
    const second = store.apply();
    const third = store.apply();
    await expect(second).rejects.toThrow('broken');
    expect(await first).toBe(good);
    expect(await third).toBe(store.current);
    expect(store.current.files).toEqual(['new']);
    expect(steps).toEqual(['start', 'end', 'start', 'end', 'start', 'end']);
  });
});
