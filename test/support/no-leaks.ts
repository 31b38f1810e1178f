import { afterAll, expect } from 'vitest';

/** Resources that a test file may leave to the test runner itself. */
const RUNNERS_OWN: ReadonlySet<string> = new Set([
  'MessagePort',
  'PipeWrap',
  'TTYWrap',
  'FSReqCallback',
  'FSReqPromise',
  'FILEHANDLE',
  'CloseReq',
]);

/** The names of handles that keep the process alive, apart from the test runner's. */
function activeHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => !RUNNERS_OWN.has(name));
}

const before = activeHandles();

/** Fails a test file that leaves a timer, child process, socket or listener behind. */
afterAll(async () => {
  let extra: string[] = [];
  // Closing sockets take a few turns of the loop; what is still there after that was left behind.
  for (let turn = 0; turn < 40; turn += 1) {
    extra = activeHandles();
    for (const name of before) {
      const at = extra.indexOf(name);
      if (at >= 0) extra.splice(at, 1);
    }
    extra = extra.filter((name) => name !== 'Immediate' && name !== 'TickObject');
    if (extra.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
    extra = extra.filter((name) => name !== 'Timeout');
    if (extra.length === 0 && !activeHandles().some((name) => name === 'Timeout')) return;
  }
  expect(extra, 'left behind by this test file').toEqual([]);
});
