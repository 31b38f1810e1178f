import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EveryKindFixture, startEveryKind } from '../../fixtures/http/every-kind.ts';
import { commandLine, type CommandLine } from '../../support/command-line.ts';
import { eventually } from '../../support/eventually.ts';
import { type RunningHub, runHub } from '../../support/in-process-hub.ts';
import { loginPageOf, logInAt, shown, untilStatus } from '../../support/oauth-hub.ts';
import { logIn } from '../../support/protected-server.ts';
import { guard, type Guarded, StrictIssuer } from '../../support/strict-issuer.ts';
import { hasTerminals } from '../../support/terminal.ts';

let cli: CommandLine;
let hub: RunningHub;
let issuer: StrictIssuer;
let mcp: EveryKindFixture;
let guarded: Guarded;

beforeEach(async () => {
  cli = await commandLine();
  issuer = await StrictIssuer.start();
  mcp = await startEveryKind();
  guarded = await guard(issuer, mcp);
  hub = await runHub({ mcpServers: { guarded: { url: guarded.url }, open: { url: mcp.url } } });
  await cli.list({ port: Number(new URL(hub.origin).port) });
});
afterEach(async () => {
  await hub.stop();
  await Promise.all([cli.remove(), guarded.close(), mcp.close()]);
  await issuer.close();
});

const pageIn = (text: string): string => /http:\S+state=\S+/.exec(text)?.[0] ?? '';

describe('auth', { timeout: 60_000 }, () => {
  it('lists the servers that need a login, and so do the other commands', async () => {
    const page = await loginPageOf(hub);
    expect(await cli.run('auth')).toMatchObject({ code: 0, stdout: 'guarded  log in with "mcp-hub auth guarded"\n' });
    const { stdout } = await cli.run('auth', '--json');
    expect(JSON.parse(stdout)).toEqual({ servers: [{ name: 'guarded', authorizationUrl: page }] });
    expect((await cli.run('servers')).stdout).toMatch(/^guarded +unauthorized .* log in with "mcp-hub auth guarded"$/m);
    expect((await cli.run('servers', 'guarded')).stdout).toContain('mcp-hub auth guarded');
    expect((await cli.run('status')).stdout).toContain('mcp-hub auth guarded');
  });

  it('prints the page, waits for the person, and says that the server is connected', async () => {
    const page = await loginPageOf(hub);
    const running = cli.start('auth', 'guarded', '--no-browser');
    await eventually(() => expect(pageIn(running.stdout())).toBe(page));
    expect((await fetch(await logIn(page))).status).toBe(200);
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/guarded is connected, 1 tool\.\n$/);
    expect(await cli.run('auth')).toMatchObject({ code: 0, stdout: 'No server needs a login.\n' });
    expect(await cli.run('auth', 'guarded')).toMatchObject({ code: 0, stdout: 'guarded is connected, 1 tool.\n' });
  });

  it('takes the address that was pasted, as an argument and on standard input', async () => {
    const address = await logIn(await loginPageOf(hub));
    const pasted = await cli.run('auth', 'guarded', '--json', '--paste', address);
    expect([pasted.code, JSON.parse(pasted.stdout)]).toMatchObject([0, { server: { name: 'guarded', status: 'connected' } }]);
    await cli.run('auth', 'guarded', '--logout');
    const input = `\n${await logIn(await loginPageOf(hub))}\n`;
    const piped = await cli.runWith({ input }, 'auth', 'guarded', '--paste');
    expect([piped.code, piped.stderr]).toEqual([0, '']);
    expect(piped.stdout).toMatch(/guarded is connected, 1 tool\.\n$/);
  });

  it.skipIf(!hasTerminals)('asks a person for the address, and again when that was another one', async () => {
    const page = await loginPageOf(hub);
    const address = await logIn(page);
    const { code, screen } = await cli.onTerminal(
      [
        ['paste the address of that page here:', 'http://localhost/somewhere\r'],
        ['has no "code" in it', `${address}\r`],
      ],
      'auth',
      'guarded',
      '--no-browser',
    );
    expect(screen).toContain(page);
    expect([code, screen]).toEqual([0, expect.stringContaining('is connected, 1 tool.')]);
  });

  it.each([
    ['what is no address', 'nonsense', 3],
    ['an address of another login', 'http://localhost/api/oauth/callback?code=x&state=y', 3],
    ['nothing', '', 1],
  ])('refuses %s, and changes nothing', async (_, input, code) => {
    const page = await loginPageOf(hub);
    const refused = await cli.runWith({ input }, 'auth', 'guarded', '--paste');
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(/^error: /)]);
    expect(await shown(hub)).toMatchObject({ status: 'unauthorized', authorizationUrl: page });
  });

  it('says that a login was refused', async () => {
    const state = new URL(await loginPageOf(hub)).searchParams.get('state') ?? '';
    const running = cli.start('auth', 'guarded', '--no-browser');
    await eventually(() => expect(pageIn(running.stdout())).not.toBe(''));
    await fetch(`${hub.origin}/api/oauth/callback?error=access_denied&state=${state}`);
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([3, expect.stringContaining('came to nothing')]);
  });

  it('forgets a login, here and at the authorization server', async () => {
    await logInAt(hub);
    const { code, stdout } = await cli.run('auth', 'guarded', '--logout');
    expect([code, stdout]).toEqual([0, 'The login at guarded is forgotten here and at the authorization server.\n']);
    // With the token that renews, the authorization server takes back the others.
    expect(issuer.revoked).toHaveLength(1);
    await untilStatus(hub, 'unauthorized');
    await logInAt(hub);
    issuer.fail(503);
    const alone = await cli.run('auth', 'guarded', '--logout', '--json');
    expect([alone.code, JSON.parse(alone.stdout)]).toMatchObject([0, { revoked: false }]);
    issuer.fail('none');
  });

  it('has nothing to do at a server without a login, and knows no other names', async () => {
    await untilStatus(hub, 'connected', 'open');
    expect(await cli.run('auth', 'open')).toMatchObject({ code: 0, stdout: 'open is connected, 1 tool.\n' });
    const none = await cli.run('auth', 'nobody');
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('No server "nobody"')]);
    expect((await cli.run('auth', '--logout')).code).toBe(1);
  });
});
