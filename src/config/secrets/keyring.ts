import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { REDACTED } from '../../base/index.ts';
import { KEYRING_SCRIPT } from './keyring-script.ts';

/** Under which the keyring keeps what the hub gives it; the name of a secret is the account. */
const KEYRING_SERVICE = 'mcp-hub';

/** How long the keyring may take, in milliseconds: it may ask a person for its password. */
const KEYRING_WITHIN_MS = 30_000;
/** More than any answer has, in bytes. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

/** What a process needs to find the session of its user, and nothing else of the hub's environment. */
const ENVIRONMENT =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TMPDIR|XDG_\w+|DBUS_SESSION_BUS_ADDRESS|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SYSTEMROOT|WINDIR|SYSTEMDRIVE|USERPROFILE|USERNAME|USERDOMAIN|APPDATA|LOCALAPPDATA|PROGRAMDATA|TEMP|TMP)$/i;

/** Why the keyring did not do it, in words that hold no value. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError';
}

/** The keyring of the operating system. Every method rejects with {@link KeyringError}, or the signal's reason. */
export interface Keyring {
  /** `undefined` when it has none of that name. */
  get(name: string, signal?: AbortSignal): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface KeyringOptions {
  /** The file of the native module. Default: that of the optional package. */
  readonly module?: string;
  /** Longest wait, in milliseconds. */
  readonly withinMs?: number;
}

interface Question {
  readonly op: 'get' | 'set' | 'remove';
  readonly name: string;
  readonly value?: string;
}

/**
 * The macOS keychain, the Windows credential manager or the Secret Service of a Linux desktop; there never the keyring of the kernel, which
 * is empty after a restart. Each question is asked by a process of its own: a native module that crashes, or waits for a person who is
 * not there, takes nothing of the hub with it.
 *
 * @param env the environment of the hub, of which that process gets what leads to the user's session
 */
export function systemKeyring(env: NodeJS.ProcessEnv, { module, withinMs = KEYRING_WITHIN_MS }: KeyringOptions = {}): Keyring {
  const ask = async (question: Question, signal?: AbortSignal): Promise<string | undefined> =>
    askKeyring(question, { env, module: module ?? modulePath(), withinMs, signal });
  return {
    get: (name, signal) => ask({ op: 'get', name }, signal),
    set: async (name, value) => void (await ask({ op: 'set', name, value })),
    remove: async (name) => void (await ask({ op: 'remove', name })),
  };
}

interface Asking {
  readonly env: NodeJS.ProcessEnv;
  readonly module: string;
  readonly withinMs: number;
  readonly signal: AbortSignal | undefined;
}

async function askKeyring(question: Question, asking: Asking): Promise<string | undefined> {
  asking.signal?.throwIfAborted();
  const text = await runScript(JSON.stringify({ ...question, service: KEYRING_SERVICE, module: asking.module }), asking);
  const answer = parsed(text);
  if (answer === undefined) throw new KeyringError('its module ended without an answer');
  // A platform may quote what it was given.
  const withoutValue = (words: string): string => (question.value === undefined ? words : words.replaceAll(question.value, REDACTED));
  if (answer.error !== undefined) throw new KeyringError(withoutValue(answer.error));
  return answer.value;
}

/** Optional in every installation, and native: there are machines that have none. */
function modulePath(): string {
  try {
    return createRequire(import.meta.url).resolve('@napi-rs/keyring');
  } catch {
    throw new KeyringError('the optional package @napi-rs/keyring is not installed');
  }
}

function runScript(input: string, { env, withinMs, signal }: Asking): Promise<string> {
  return new Promise((resolve, reject) => {
    const entries = Object.entries(env).filter(([name]) => ENVIRONMENT.test(name));
    const child = spawn(process.execPath, ['-e', KEYRING_SCRIPT], {
      env: Object.fromEntries(entries),
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    let text = '';
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      child.kill('SIGKILL');
      settle();
    };
    const onAbort = (): void => end(() => reject(signal?.reason));
    const timer = setTimeout(() => {
      end(() => reject(new KeyringError(`it did not answer within ${withinMs / 1000} s; is it locked?`)));
    }, withinMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (text.length < MAX_ANSWER_BYTES) text += chunk;
    });
    child.stdin.on('error', () => {
      // Expected: EPIPE, it has ended; its end is told below.
    });
    child.on('error', () => end(() => reject(new KeyringError('its module cannot be started'))));
    child.on('close', () => end(() => resolve(text)));
    child.stdin.end(input);
  });
}

interface Answer {
  readonly error?: string;
  readonly value?: string;
}

function parsed(text: string): Answer | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // Expected: it has crashed. What it has said may hold a secret.
  }
  if (typeof answer !== 'object' || answer === null) return undefined;
  const error = 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined;
  const value = 'value' in answer && typeof answer.value === 'string' ? answer.value : undefined;
  return { ...(error !== undefined && { error }), ...(value !== undefined && { value }) };
}
