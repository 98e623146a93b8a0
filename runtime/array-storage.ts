/** What the storages of all devices have in common: bytes that several arrays may share. */

/** What happened to a storage whose bytes are gone. */
export type GoneReason = "disposed" | "donated";

export interface ArrayStorage {
  readonly byteLength: number;
  /** Arrays that share these bytes. */
  readonly references: number;
  readonly gone: GoneReason | null;
  /** What disposed of it, for the error: the donating function. */
  readonly goneBy: string;
  /** Ties the storage to the life of an object: when it is collected, one reference is given back. */
  track(owner: object): void;
  /** Undoes `track`: the owner gives its reference back by itself. */
  untrack(owner: object): void;
  /** One more array shares these bytes. */
  retain(): this;
  /** Gives up one reference; the last one frees the bytes at once. */
  release(reason?: GoneReason, by?: string): void;
}

/** Why a storage cannot be used any more, in JAX's words. */
export function goneMessage({ gone, goneBy }: Pick<ArrayStorage, "gone" | "goneBy">): string {
  if (gone === "donated") {
    return (
      `Array has been deleted: it was donated to ${goneBy}, which reused its memory for an output. ` +
      "Use that output instead, or do not list the argument in donateArgnums."
    );
  }
  return "Array has been disposed: dispose() was called on it, or the scope of its `using` declaration ended.";
}
