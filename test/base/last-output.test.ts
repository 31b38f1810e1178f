import { describe, expect, it } from 'vitest';
import { lastOutput, onOneLine, tellsReason } from '../../src/base/index.ts';

/** What programs say when they cannot start, and the line of it that says why. */
const programs: Readonly<Record<string, readonly [said: string, why: string]>> = {
  'Node, a file that is missing': [
    `node:internal/modules/cjs/loader:1210
  throw err;
  ^

Error: Cannot find module '/srv/nope.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
    at Module._load (node:internal/modules/cjs/loader:1038:27)
    at Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:164:12)
    at node:internal/main/run_main_module:28:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.20.2`,
    "Error: Cannot find module '/srv/nope.js'",
  ],
  'Node, a mistake in the code': [
    `file:///srv/server.js:3
this is no code
     ^^

SyntaxError: Unexpected identifier 'is'
    at compileSourceTextModule (node:internal/modules/esm/utils:346:16)
    at async ModuleLoader.import (node:internal/modules/esm/loader:650:26)
    at async asyncRunEntryPointWithESMLoader (node:internal/modules/run_main:117:5)

Node.js v24.0.0`,
    "SyntaxError: Unexpected identifier 'is'",
  ],
  'Node, an error with many properties': [
    `Error: connect ECONNREFUSED 127.0.0.1:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {
  errno: -111,
  code: 'ECONNREFUSED',
  syscall: 'connect',
  address: '127.0.0.1',
  port: 5432
}`,
    'Error: connect ECONNREFUSED 127.0.0.1:5432',
  ],
  Python: [
    `Traceback (most recent call last):
  File "/srv/main.py", line 7, in <module>
    main()
    ~~~~^^
  File "/srv/main.py", line 3, in main
    import nope
ModuleNotFoundError: No module named 'nope'`,
    "ModuleNotFoundError: No module named 'nope'",
  ],
  Go: [
    `panic: no database

goroutine 1 [running]:
main.main()
\t/srv/main.go:4 +0x18
exit status 2`,
    'panic: no database',
  ],
  Rust: [
    `
thread 'main' panicked at src/main.rs:2:5:
no database
note: run with \`RUST_BACKTRACE=1\` environment variable to display a backtrace`,
    'no database',
  ],
  Java: [
    `Exception in thread "main" java.lang.IllegalStateException: no database
\tat com.acme.Main.open(Main.java:12)
\tat com.acme.Main.main(Main.java:4)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.connect0(Native Method)
\t... 2 more`,
    'Exception in thread "main" java.lang.IllegalStateException: no database',
  ],
  Ruby: [
    `/srv/main.rb:1:in 'Kernel#require': cannot load such file -- nope (LoadError)
\tfrom /srv/main.rb:1:in '<main>'`,
    "/srv/main.rb:1:in 'Kernel#require': cannot load such file -- nope (LoadError)",
  ],
  npm: [
    `npm error code E404
npm error 404 Not Found - GET https://registry.example/nope - Not found
npm error 404
npm error 404  'nope@*' is not in this registry.
npm error 404
npm error 404 Note that you can also install from a
npm error 404 tarball, folder, http url, or git folder.
npm error A complete log of this run can be found in: /home/me/.npm/_logs/1.log`,
    'npm error 404 Not Found - GET https://registry.example/nope - Not found',
  ],
  'a program with plain words': ['Reading settings …\nUsage: files <folder>\nWhich folder?', 'Which folder?'],
};

describe('the last output of a program', () => {
  it.each(Object.entries(programs))('has the reason in it: %s', (_name, [said, why]) => {
    const shown = lastOutput(said.split('\n'));
    expect(shown).toContain(`\n  ${why}`);
    expect(shown.split('\n').length).toBeLessThanOrEqual(6);
    expect(onOneLine(`Server "a" exited with code 1.${shown}`)).toBe(`Server "a" exited with code 1: ${why}`);
  });

  it('keeps the order in which it was written, without stack and punctuation', () => {
    expect(
      lastOutput(['', 'Error: no', '    at main (/srv/a.js:1:2)', '    at node:x:28:49 {', "  code: 'X',", '}', '', 'Node.js v20.20.2']),
    ).toBe(" Its last output was:\n  Error: no\n    code: 'X',");
  });

  it('is that which came last when nothing says more', () => {
    expect(lastOutput(['1', '2', '3', '4', '5', '6'])).toBe(' Its last output was:\n  2\n  3\n  4\n  5\n  6');
  });

  it('leaves prose as it is that looks a little like a stack', () => {
    expect(lastOutput(['Give a folder', '  at least one', 'at (a)'])).toBe(
      ' Its last output was:\n  Give a folder\n    at least one\n  at (a)',
    );
  });

  it.each([[[]], [['', '  ', '}', '    at a (b:1:2)']]])('is nothing where nothing is said: %j', (lines) => {
    expect([lastOutput(lines), tellsReason(lines)]).toEqual(['', false]);
  });

  it('is known to tell a reason, or not', () => {
    expect(['Error: no', 'listening on stdio', 'Error:'].map((line) => tellsReason([line]))).toEqual([true, false, false]);
  });
});

describe('an error message on one line', () => {
  it.each([
    ['Server "a" is gone.', 'Server "a" is gone.'],
    ['First.\nSecond.', 'First.'],
    ['', ''],
  ])('%j', (message, shown) => {
    expect(onOneLine(message)).toBe(shown);
  });
});
