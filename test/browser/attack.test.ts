import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AttackedHub, startAttackedHub, type Target, targetsOf } from '../support/attacked-hub.ts';
import { startChromium } from '../support/chromium.ts';
import { type EvilSite, startEvilSite } from '../support/evil-site.ts';
import { endHubs } from '../support/hub-process.ts';
import { startOpenServer } from '../support/open-server.ts';
import { type Exchange, openRoad, type Road } from '../support/overheard.ts';

/** What a page says that it has read. */
interface Read {
  readonly way: string;
  readonly url: string;
  readonly read: string;
}

let site: EvilSite;
let attacked: AttackedHub;
/** To the hub. */
let road: Road;
/** To the evil site first, and then to the hub: where a name leads that is rebound. */
let rebound: Road;
let browser: Browser;

beforeAll(async () => {
  site = await startEvilSite();
  attacked = await startAttackedHub();
  road = await openRoad(attacked.hub.port);
  rebound = await openRoad(site.port);
  browser = await startChromium(['MAP evil.example 127.0.0.1', `MAP rebound.example:${attacked.hub.port} 127.0.0.1:${rebound.port}`]);
});
afterAll(async () => {
  await browser?.close();
  attacked?.close();
  await Promise.all([site?.close(), road?.close(), rebound?.close()]);
  await endHubs();
});

/** Runs with the page at this address, which has loaded its script. */
async function onPage<T>(url: string, run: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction('window.attack');
    return await run(page);
  } finally {
    await context.close();
  }
}

const callIn = (page: Page, name: string, ...args: readonly unknown[]): Promise<Read[]> =>
  page.evaluate(`${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`);
const waysOf = (page: Page): Promise<string[]> => page.evaluate('ways');

/** What was answered with anything but a refusal. An empty answer is one that the browser did not wait for. */
const answered = (exchanges: readonly Exchange[]): string[] =>
  exchanges
    .filter(({ answer }) => answer !== '' && !answer.startsWith('HTTP/1.1 403 '))
    .map(({ request, answer }) => `${request.replace(/\?.*/, '')}: ${answer.slice(9, 12)}`);

/** Header fields that no answer of the hub may have. */
const LETS_IN = /^(?:access-control-|set-cookie)/im;
const lettingIn = (exchanges: readonly Exchange[]): Exchange[] => exchanges.filter(({ answer }) => LETS_IN.test(answer));

/** Which of these ways went to none of the paths: `GET /path?via=way` says who came where. */
function missing(exchanges: readonly Exchange[], ways: readonly string[], targets: readonly Target[]): string[] {
  const came = new Set(exchanges.map(({ request }) => request.replace(/^\S+ ([^?]*).*[?&]via=([\w-]+).*$/, '$2 $1')));
  return ways.flatMap((way) => targets.map(({ url }) => `${way} ${new URL(url).pathname}`)).filter((one) => !came.has(one));
}

/** Waits until each way has come to each path: a page is not told when a beacon is sent. @returns what was overheard */
async function arrived(to: Road, ways: readonly string[], targets: readonly Target[]): Promise<readonly Exchange[]> {
  await expect.poll(() => missing(to.overheard(), ways, targets), { timeout: 20_000 }).toEqual([]);
  return to.overheard();
}

/** All that comes back to a page whose name was rebound: a refusal. A preload is told as loaded whatever came. */
const REFUSED = /^403 $|^a link that was loaded$|does not answer to Host/;

/** Where a browser leads a frame that may not show what it got. */
const BLOCKED = 'chrome-error://chromewebdata/';

/** One of each kind, for pages that differ in what they say of themselves only. */
const SOME_WAYS: readonly string[] = [
  'fetch-get',
  'fetch-get-no-cors',
  'fetch-post-empty-no-cors',
  'fetch-post-text-no-cors',
  'fetch-post-json',
  'fetch-delete',
  'xhr-post-text',
  'img',
  'script',
  'iframe',
  'form-post-json-as-text',
  'event-source',
  'web-socket',
  'beacon',
  'redirect-img',
];

describe('every way', () => {
  /** For these the browser asks beforehand, and says nothing about who reads; or it lets no page know what has come. */
  const blind =
    /no-cors|-parts$|as-json$|^form-|^beacon|^ping$|^css-image$|^iframe$|^embed$|^object$|^prefetch$|^video$|^redirect-(?:form|fetch)$/;

  it('works against a server that lets pages in', async () => {
    const open = await startOpenServer();
    const way = await openRoad(Number(new URL(open.url).port));
    try {
      await onPage(`http://evil.example:${site.port}/`, async (page) => {
        const ways = await waysOf(page);
        const targets = [{ url: `http://localhost:${way.port}/api/servers`, body: { name: 'x' } }];
        const reads = await callIn(page, 'attack', targets, ways);
        await arrived(way, ways, targets);
        expect(ways.filter((name) => !reads.some((read) => read.way === name) && !blind.test(name))).toEqual([]);
      });
    } finally {
      await way.close();
      await open.close();
    }
  });
});

describe('a page', () => {
  it.each([
    ['of another site', () => `http://evil.example:${site.port}/`, undefined],
    ['of another port of this machine', () => `http://localhost:${site.port}/`, undefined],
    ['of another name and port of this machine', () => `http://127.0.0.1:${site.port}/`, SOME_WAYS],
    ['whose origin is null', () => `http://evil.example:${site.port}/sandboxed`, SOME_WAYS],
  ] as const)('%s reads nothing and changes nothing', async (_, url, some) => {
    const before = await attacked.state();
    await onPage(url(), async (page) => {
      const targets = targetsOf(`http://localhost:${road.port}`);
      const ways = some ?? (await waysOf(page));
      road.forget();
      expect(await callIn(page, 'attack', targets, ways)).toEqual([]);
      const exchanges = await arrived(road, ways, targets);
      expect([answered(exchanges), lettingIn(exchanges)]).toEqual([[], []]);
    });
    expect(await attacked.state()).toEqual(before);
  });

  it.each([
    ['of another site', () => `http://evil.example:${site.port}/`],
    ['of another port of this machine', () => `http://localhost:${site.port}/`],
  ] as const)('%s opens windows and sees nothing in them; only the end of a login is shown there', async (_, url) => {
    const before = await attacked.state();
    await onPage(url(), async (page) => {
      const targets = targetsOf(`http://localhost:${road.port}`);
      road.forget();
      expect(await callIn(page, 'openWindows', targets)).toEqual([]);
      const exchanges = await arrived(road, ['window'], targets);
      const shown = answered(exchanges).filter((one) => one !== 'GET /favicon.ico: 404');
      expect(shown).toEqual(['GET /api/oauth/callback: 400']);
    });
    expect(await attacked.state()).toEqual(before);
  });

  it('of another site shows nothing of the hub in its frames', async () => {
    await onPage(`http://evil.example:${site.port}/`, async (page) => {
      for (const path of ['/', '/mcp', '/api/health', '/api/oauth/callback?code=a']) {
        const src = JSON.stringify(`http://localhost:${road.port}${path}`);
        await page.evaluate(
          `new Promise((resolve) => document.body.append(Object.assign(document.createElement('iframe'), { src: ${src}, onload: resolve })))`,
        );
      }
      const frames = (): string[] => page.frames().map((frame) => frame.url());
      await expect.poll(frames).toEqual([page.url(), BLOCKED, BLOCKED, BLOCKED, BLOCKED]);
    });
  });

  it('whose name is rebound to this machine reads that it is refused, and changes nothing', async () => {
    const before = await attacked.state();
    rebound.leadTo(site.port);
    await onPage(`http://rebound.example:${attacked.hub.port}/`, async (page) => {
      rebound.leadTo(attacked.hub.port);
      rebound.forget();
      const targets = targetsOf(`http://rebound.example:${attacked.hub.port}`);
      // What goes by the page's own server ends at the hub, as everything does now.
      const ways = SOME_WAYS.filter((way) => !way.startsWith('redirect'));
      const reads = await callIn(page, 'attack', targets, ways);
      reads.push(...(await callIn(page, 'openWindows', targets)));
      expect(reads.filter(({ read }) => !REFUSED.test(read))).toEqual([]);
      const exchanges = await arrived(rebound, [...ways, 'window'], targets);
      expect([answered(exchanges), lettingIn(exchanges)]).toEqual([[], []]);
    });
    expect(await attacked.state()).toEqual(before);
  });

  it('of another port of this machine has no luck with a service worker either', async () => {
    const before = await attacked.state();
    await onPage(`http://localhost:${site.port}/`, async (page) => {
      const targets = targetsOf(`http://localhost:${road.port}`);
      road.forget();
      const ways = ['worker-get', 'worker-get-no-cors', 'worker-post-no-cors'];
      expect(await callIn(page, 'attackFromWorker', targets)).toEqual([]);
      const exchanges = await arrived(road, ways, targets);
      expect([answered(exchanges), lettingIn(exchanges)]).toEqual([[], []]);
    });
    expect(await attacked.state()).toEqual(before);
  });
});
