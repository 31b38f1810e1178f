/** After so many refusals in a row, what is left is taken as refused: each costs the server a request. */
const MAX_REFUSALS = 32;

/** Groups of resources of which a server refused some, to be asked for one group after the other until it is known which. */
export class Suspects {
  #groups: (readonly string[])[] = [];
  #refusals = 0;

  /** The group that is asked for now. */
  get current(): readonly string[] | undefined {
    return this.#groups[0];
  }

  /** The current group is settled. False when there is none. */
  next(): boolean {
    return this.#groups.shift() !== undefined;
  }

  /** These were refused together. Returns those that are refused for certain; the others are asked for in smaller groups. */
  refused(uris: readonly string[]): readonly string[] {
    this.#refusals = this.#groups.length === 0 ? 1 : this.#refusals + 1;
    this.#groups.shift();
    if (uris.length <= 1 || this.#refusals > MAX_REFUSALS) return uris;
    this.#groups.unshift(...halves(uris));
    return [];
  }

  /** These were refused with all the rest, which may be what the server does not take: that is asked for alone first. */
  afterTheRest(uris: readonly string[]): void {
    this.#refusals = 1;
    this.#groups = [[], ...(uris.length > 1 ? halves(uris) : [uris])];
  }

  forget(): void {
    this.#groups = [];
  }
}

function halves(uris: readonly string[]): readonly (readonly string[])[] {
  const half = Math.ceil(uris.length / 2);
  return [uris.slice(0, half), uris.slice(half)];
}
