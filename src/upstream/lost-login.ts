import { type HubError, isHubError } from '../base/index.ts';

export interface LostLoginOptions {
  /** Whether requests are on their way there. */
  readonly isRunning: () => boolean;
  /** Told once of the refusal, when nothing runs any more that the server let in before. */
  readonly lost: (error: HubError) => void;
}

/** Sees that a server which runs takes nothing any more before somebody has logged in. */
export class LostLogin {
  readonly #options: LostLoginOptions;
  #error: HubError | undefined;

  constructor(options: LostLoginOptions) {
    this.#options = options;
  }

  /** Sends a request, and sees what comes of it. */
  watch<T>(send: () => Promise<T>): Promise<T> {
    const known = this.#error;
    return send().then(
      (answer) => {
        // Sent after the refusal, and let in: somebody has logged in meanwhile.
        if (known === this.#error) this.#error = undefined;
        this.#endUnlessRunning();
        return answer;
      },
      (error: unknown) => {
        if (isHubError(error, 'UNAUTHORIZED') && error.details['awaitsLogin'] === true) this.#error = error;
        this.#endUnlessRunning();
        throw error;
      },
    );
  }

  /** It is started anew, or somebody has logged in. */
  forget(): void {
    this.#error = undefined;
  }

  #endUnlessRunning(): void {
    const error = this.#error;
    if (!error || this.#options.isRunning()) return;
    this.#error = undefined;
    this.#options.lost(error);
  }
}
