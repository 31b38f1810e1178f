import { describe, expect, it } from 'vitest';
import { RefreshWatch } from '../../../src/upstream/oauth/refresh-watch.ts';

const refresh = { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }) };
const answering = (status: number) => new RefreshWatch(async () => new Response(null, { status }));

describe('a refresh', () => {
  it.each([429, 500, 502, 503])('that is answered with %i says nothing about the login', async (status) => {
    const watch = answering(status);
    expect((await watch.fetch('http://as.example/token', refresh)).status).toBe(status);
    expect(watch.outage?.message).toContain(String(status));
  });

  it.each([200, 400, 401])('that is answered with %i does', async (status) => {
    const watch = answering(status);
    await watch.fetch('http://as.example/token', refresh);
    expect(watch.outage).toBeUndefined();
  });

  it('that gets no answer says nothing, and what fails beside it is not meant', async () => {
    const watch = new RefreshWatch(async () => {
      throw new TypeError('fetch failed');
    });
    await expect(watch.fetch('http://as.example/.well-known/openid-configuration')).rejects.toThrow('fetch failed');
    expect(watch.outage).toBeUndefined();
    await expect(watch.fetch('http://as.example/token', { ...refresh, body: String(refresh.body) })).rejects.toThrow('fetch failed');
    expect(watch.outage?.message).toBe('fetch failed');
  });
});
