// A large value that passes through calls that wait. Imports nothing; never copies.

/**
 * A value that can be taken once. The garbage collector promotes calls and promises that are pending for long, and retains the values
 * that they refer to until its next full collection. Taking the value removes the reference, so its memory is free after use.
 */
export class TakeOnce<T> {
  #content: { readonly value: T } | undefined;

  constructor(value: T) {
    this.#content = { value };
  }

  /** Returns the value without removing it. Throws if it was taken. */
  get value(): T {
    if (this.#content === undefined) throw new Error("The value was already taken.");
    return this.#content.value;
  }

  /** Returns the value and removes it. Throws if it was taken. */
  take(): T {
    const { value } = this;
    this.#content = undefined;
    return value;
  }
}
