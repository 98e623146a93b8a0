/** Keys of a module's path: derived by hash from a sequence's key (`flax.core.scope.LazyRng`). */
import { foldIn, type KeyLike } from "../../../random/index.ts";
import { sha1Head } from "./sha1.ts";

/** What is folded in: names of modules, and how many keys a module has drawn. */
export type Foldable = string | number;

/** A key and what is still to be folded into it. */
export class LazyRng {
  constructor(
    readonly rng: KeyLike,
    readonly suffix: readonly Foldable[] = [],
  ) {}

  /** With more to fold in. */
  extended(...suffix: readonly Foldable[]): LazyRng {
    return new LazyRng(this.rng, [...this.suffix, ...suffix]);
  }

  key(): KeyLike {
    return foldInStatic(this.rng, this.suffix);
  }
}

/** Folds the SHA-1 hash of names and counters into a key (`flax.core.scope._fold_in_static`). */
export function foldInStatic(rng: KeyLike, data: readonly Foldable[]): KeyLike {
  if (data.length === 0) return rng;
  return foldIn(rng, sha1Head(Uint8Array.from(data.flatMap((each) => [...bytesOf(each)]))));
}

/** UTF-8 of a string, big-endian bytes of a number without leading zeros: none for 0. */
function bytesOf(data: Foldable): Iterable<number> {
  if (typeof data === "string") return new TextEncoder().encode(data);
  const bytes: number[] = [];
  for (let rest = data; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return bytes;
}
