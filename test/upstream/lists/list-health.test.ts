import { describe, expect, it } from 'vitest';
import { HubError } from '../../../src/base/index.ts';
import { type ListReport, ListReports } from '../../../src/upstream/lists/list-health.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const failure = new HubError('UPSTREAM_PROTOCOL', 'Server "a": tools/list was answered with an error.');
const good: ListReport = { notes: [], failure: undefined, isOfferKept: false };
const lost: ListReport = { notes: ['tools/list failed'], failure, isOfferKept: false };
const kept: ListReport = { ...lost, isOfferKept: true };

function started() {
  const clock = new FakeClock();
  const asked: (readonly string[])[] = [];
  const reports = new ListReports({ clock, again: (changes) => void asked.push(changes) });
  return { clock, asked, reports };
}

describe('ListReports', () => {
  it('asks for what could not be had again after 1, 2, 4 … 60 seconds, and rests when it is there', async () => {
    const { clock, asked, reports } = started();
    reports.take(
      new Map([
        ['tools', kept],
        ['prompts', good],
      ]),
    );
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      asked.splice(0);
      await clock.advance(seconds * 1_000 - 1);
      expect(asked).toEqual([]);
      await clock.advance(1);
      expect(asked).toEqual([['tools']]);
      reports.take(new Map([['tools', kept]]));
    }
    reports.take(new Map([['tools', good]]));
    expect([clock.pending, reports.health]).toEqual([0, { notes: [], failure: undefined }]);
    reports.take(new Map([['tools', kept]]));
    await clock.advance(1_000);
    expect(asked).toEqual([['tools'], ['tools']]);
  });

  it('does not put an attempt off because other lists are fetched meanwhile', async () => {
    const { clock, asked, reports } = started();
    reports.take(new Map([['tools', kept]]));
    await clock.advance(600);
    reports.take(new Map([['prompts', lost]]));
    await clock.advance(400);
    expect(asked).toEqual([['tools', 'prompts']]);
  });

  it('knows which failure matters: of what is kept, or of the tools', () => {
    const { reports } = started();
    expect(reports.take(new Map([['prompts', lost]]))).toBeUndefined();
    expect(reports.health).toEqual({ notes: ['tools/list failed'], failure: undefined });
    expect(reports.take(new Map([['tools', lost]]))).toBe(failure);
    expect(reports.health.failure).toEqual({ error: failure, isOfferKept: false });
    expect(reports.take(new Map([['prompts', kept]]))).toBe(failure);
    expect(reports.health.failure).toEqual({ error: failure, isOfferKept: true });
    reports.dispose();
  });

  it('asks for what was not even fetched as for what failed, until it comes', async () => {
    const { clock, asked, reports } = started();
    reports.take(new Map([['tools', good]]));
    reports.miss(new Set(['tools', 'resources']));
    expect([reports.isOwed('tools'), reports.isOwed('resourceTemplates'), reports.isOwed('prompts')]).toEqual([true, true, false]);
    await clock.advance(1_000);
    expect(asked).toEqual([['tools', 'resources']]);
    reports.take(new Map([['tools', good]]));
    expect([reports.isOwed('tools'), reports.isOwed('resources')]).toEqual([false, true]);
    await clock.advance(2_000);
    expect(asked.at(-1)).toEqual(['resources']);
    reports.take(new Map([['resources', good]]));
    expect(clock.pending).toBe(0);
  });

  it('asks for nothing once it is disposed of', async () => {
    const { clock, asked, reports } = started();
    reports.take(new Map([['tools', kept]]));
    reports.dispose();
    reports.take(new Map([['tools', kept]]));
    await clock.advance(120_000);
    expect([asked, clock.pending]).toEqual([[], 0]);
  });
});
