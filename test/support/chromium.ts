import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { environment, makeFolder } from './hub-process.ts';

/** Where distributions put it. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const MISSING =
  'The tests in test/browser need Chromium, and there is none. Install it (Debian, Ubuntu: apt-get install chromium), or name its program in the variable CHROMIUM.';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Starts the Chromium of this machine, without a window, in a new profile.
 *
 * @param rules what names lead to, as `--host-resolver-rules` takes them
 */
export async function startChromium(rules: readonly string[]): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error(MISSING);
  const args = [...ARGS, `--host-resolver-rules=${rules.join(', ')}`];
  return chromium.launch({ executablePath, args, env: environment(await makeFolder()) });
}
