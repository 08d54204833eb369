// Something large on its way through calls that wait.
// Imports nothing; never copies.

/**
 * A value until somebody takes it. Calls and promises that waited long are old to the garbage collector, which keeps all that they
 * ever saw until its next full round: handed on like this, it is gone as soon as it is used up.
 */
export class TakeOnce<T> {
  #content: { readonly value: T } | undefined;

  constructor(value: T) {
    this.#content = { value };
  }

  /** The value, which stays. Throws where it was taken. */
  get value(): T {
    if (this.#content === undefined) throw new Error("What was held here was taken already.");
    return this.#content.value;
  }

  /** The value, which is then held no more. Throws where it was taken. */
  take(): T {
    const { value } = this;
    this.#content = undefined;
    return value;
  }
}
