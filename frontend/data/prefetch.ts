/** Batches made ahead of their use. */
import { WeftValueError } from "../core/index.ts";

/**
 * The values of an iterable, up to `size` of them made ahead: while a step computes, the next batches are read. Errors
 * come where their value would have; leaving the loop ends the iterable too. Throws WeftValueError for a size below 1.
 *
 *     for await (const batch of prefetch(batches(source, { batchSize: 64 }), 2)) …
 */
export function prefetch<T>(
  source: Iterable<T> | AsyncIterable<T>,
  size = 2,
): AsyncGenerator<T, void, undefined> {
  if (!Number.isInteger(size) || size < 1) {
    throw new WeftValueError(`prefetch: size must be a positive integer, got ${size}`);
  }
  return ahead(Symbol.asyncIterator in source ? source : later(source), size);
}

/** An iterable whose values are made one per turn of the event loop, so that making them ahead blocks nobody. */
async function* later<T>(source: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const value of source) {
    yield value;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

async function* ahead<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const pending: Promise<IteratorResult<T>>[] = [];
  const request = (): void => {
    const next = iterator.next();
    // An error is thrown when its turn comes; until then it is nobody's fault that nobody waits for it.
    next.catch(() => undefined);
    pending.push(next);
  };
  try {
    for (let i = 0; i < size; i++) request();
    for (;;) {
      const result = await pending.shift();
      if (result === undefined || result.done) return;
      request();
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}
