/** Anything that holds something open and can let go of it. Letting go twice is the same as once. */
export interface Disposable {
  dispose(): void;
}

/**
 * The things that one owner started, undone in reverse order (docs/architecture.md, rule 2).
 * A thing added after {@link dispose} is undone at once, so nothing that starts late can leak.
 */
export class Disposables implements Disposable {
  #undo: (() => void)[] = [];
  #disposed = false;

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Takes ownership of `thing` and returns it. */
  add<T extends Disposable>(thing: T): T {
    this.defer(() => thing.dispose());
    return thing;
  }

  /** Runs `undo` on {@link dispose}. */
  defer(undo: () => void): void {
    if (this.#disposed) undo();
    else this.#undo.push(undo);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
