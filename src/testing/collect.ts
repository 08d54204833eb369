// All that an async iterable gives, as a list.

/** Takes everything; rejects where the iterable does. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
