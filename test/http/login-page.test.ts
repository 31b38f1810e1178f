import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/base/index.ts';
import { loginFailedPage, loginPage, PAGE_HEADERS } from '../../src/http/api/login-page.ts';

const NASTY = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&amp;\u202Etxt.exe\u0000`;
const textOf = (page: string): string => page.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');

describe('the page at the end of a login', () => {
  it.each([
    ['of a server with a nasty name', loginPage(NASTY, 'Logged in.')],
    ['with a nasty message', loginPage('time', NASTY)],
    ['that failed with a nasty message', loginFailedPage(new HubError('UNAUTHORIZED', NASTY), NASTY)],
  ])('%s has no elements but its own', (_, page) => {
    const own = /<(?:!doctype html|html lang="en"|meta charset="utf-8"|\/?(?:html|head|title|body|h1|p))>/g;
    expect(page.replace(own, '')).not.toMatch(/[<>]/);
    expect(page).not.toMatch(/\p{Cf}/u);
    expect(page.split('\u0000')).toHaveLength(1);
  });

  it('says what to do next', () => {
    expect(textOf(loginPage('time', 'Logged in at "time".'))).toContain('You can close this page.');
    const unknown = textOf(loginFailedPage(new HubError('VALIDATION_ERROR', 'This callback belongs to no open login.'), undefined));
    expect(unknown).toContain('Nothing was changed by this page.');
    expect(unknown).toMatch(/with: mcp-hub auth $/);
    const refused = textOf(loginFailedPage(new HubError('UNAUTHORIZED', 'It was refused.'), 'time'));
    expect(refused).toContain('You are not logged in.');
    expect(refused).toMatch(/with: mcp-hub auth time $/);
  });

  it('cuts what somebody else has said at a length that can be read', () => {
    expect(loginFailedPage(new HubError('UNAUTHORIZED', 'x'.repeat(100_000)), 'time').length).toBeLessThan(2_000);
  });

  it('allows nothing', () => {
    expect(PAGE_HEADERS['content-security-policy']).toContain("default-src 'none'");
  });
});
