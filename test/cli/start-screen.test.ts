import { describe, expect, it } from 'vitest';
import { type Clock, Emitter, HubError } from '../../src/base/index.ts';
import { StartScreen } from '../../src/cli/start-screen.ts';
import { plainStyle } from '../../src/cli/style.ts';
import type { HubEvents } from '../../src/hub/index.ts';
import { ready, report } from './reports.ts';

function screen() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 1_000,
    after(_, action) {
      timers.add(action);
      return { dispose: () => void timers.delete(action) };
    },
  };
  const hub = new Emitter<HubEvents>((error) => {
    throw error;
  });
  let text = '';
  const summary = { host: 'localhost', configFiles: ['c.json'], logFile: 'l.log' };
  const made = new StartScreen({ write: (more) => (text += more), clock, style: plainStyle, summary });
  made.follow(hub);
  /** What was written since the last look. */
  const news = (): string => {
    const seen = text;
    text = '';
    return seen;
  };
  return { hub, news, screen: made, pass: () => timers.forEach((action) => action()), timers };
}

const failure = (message: string) => new HubError('UPSTREAM_EXITED', message);

describe('StartScreen', () => {
  it('tells each server as it comes, then the addresses', () => {
    const { hub, news, screen: made } = screen();
    made.opened(1);
    hub.emit('server', report('a', { kind: 'starting', sinceMs: 0, attempt: 1 }));
    expect(news()).toBe('');
    hub.emit('server', ready('a'));
    expect(news()).toBe('  ready     a  offers nothing  (850 ms)\n');
    hub.emit('settled', { ready: 1, total: 1 });
    expect(news()).toMatch(/^\n1 of 1 server ready\.\n[^]*http:\/\/localhost:1\/mcp/);
    made.dispose();
  });

  it('waits with the addresses for the port', () => {
    const { hub, news, screen: made } = screen();
    hub.emit('settled', { ready: 0, total: 0 });
    expect(news()).toBe('');
    made.opened(1);
    expect(news()).toContain('No servers are configured in c.json.');
    made.dispose();
  });

  it('says at once where the hub is, and does not let a slow server hold the summary back', () => {
    const { hub, news, screen: made, pass } = screen();
    hub.emit('server', report('slow', { kind: 'starting', sinceMs: 0, attempt: 1 }));
    made.opened(1);
    expect(news()).toBe('Listening at http://localhost:1/mcp, while the servers start.\n');
    pass();
    expect(news()).toContain('Still starting: slow.');
    hub.emit('server', ready('slow'));
    expect(news()).toBe('  ready     slow  offers nothing  (850 ms)\n');
    hub.emit('settled', { ready: 1, total: 1 });
    expect(news()).toBe('');
    made.dispose();
  });

  it('does not repeat itself: same connection, same failure, same note', () => {
    const { hub, news, screen: made } = screen();
    hub.emit('server', report('a', { kind: 'backoff', untilMs: 2_000, attempt: 1, last: failure('It ended.') }));
    expect(news()).toContain('It ended.');
    hub.emit('server', report('a', { kind: 'starting', sinceMs: 0, attempt: 2 }));
    hub.emit('server', report('a', { kind: 'backoff', untilMs: 9_000, attempt: 2, last: failure('It ended.') }));
    expect(news()).toBe('');
    hub.emit('server', report('a', { kind: 'backoff', untilMs: 9_000, attempt: 3, last: failure('Another end.') }));
    expect(news()).toContain('Another end.');
    hub.emit('server', ready('a', { notes: ['hidden'] }, 5));
    expect(news()).toMatch(/ready[^]*note {6}a: hidden/);
    hub.emit('server', ready('a', { notes: ['hidden', 'second'] }, 5));
    expect(news()).toBe('  note      a: second\n');
    hub.emit('server', ready('a', { notes: ['hidden'] }, 6));
    expect(news()).toMatch(/^ {2}ready [^\n]*\n$/);
    made.dispose();
  });

  it('tells the same failure again when the entry was changed or had gone, and that the server is ready again', () => {
    const { hub, news, screen: made } = screen();
    const down = report('a', { kind: 'backoff', untilMs: 2_000, attempt: 1, last: failure('It ended.') });
    hub.emit('server', down);
    expect(news()).toContain('It ended.');
    hub.emit('entries', { changed: ['a'], removed: [] });
    hub.emit('server', down);
    expect(news()).toContain('It ended.');
    hub.emit('entries', { changed: [], removed: ['a'] });
    hub.emit('server', down);
    expect(news()).toContain('It ended.');
    hub.emit('server', ready('a', {}, 7));
    expect(news()).toMatch(/^ {2}ready /);
    hub.emit('entries', { changed: ['a'], removed: [] });
    hub.emit('server', ready('a', {}, 7));
    expect(news()).toBe('');
    made.dispose();
  });

  it('counts no server that has gone', () => {
    const { hub, news, screen: made } = screen();
    hub.emit('server', ready('a'));
    hub.emit('server', report('b', { kind: 'failed', error: failure('It ended.') }));
    hub.emit('entries', { changed: [], removed: ['b'] });
    news();
    made.opened(1);
    hub.emit('settled', { ready: 1, total: 1 });
    expect(news()).toContain('1 of 1 server ready.');
    made.dispose();
  });

  it('says nothing and holds nothing once disposed of', () => {
    const { hub, news, screen: made, timers } = screen();
    made.opened(1);
    made.dispose();
    hub.emit('server', ready('a'));
    hub.emit('settled', { ready: 1, total: 1 });
    expect(news()).toBe('');
    expect(timers.size).toBe(0);
    expect(hub.listenerCount('server') + hub.listenerCount('settled') + hub.listenerCount('entries')).toBe(0);
  });
});
