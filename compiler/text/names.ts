/** Names in texts: made of letters, digits and `_`, and unique within their scope. */

import { OwnNames } from "../graph/own-names.ts";

/** What names are not made of, anywhere and at either end. */
const INVALID = [/[^\p{L}\p{N}_]+/gu, /^[^\p{L}\p{N}_]/u, /[^\p{L}\p{N}_]$/u] as const;
/** The same of names in ASCII, as most are: V8 takes a millisecond or two to compile classes of Unicode. */
const INVALID_ASCII = [/\W+/g, /^\W/, /\W$/] as const;
const ASCII = /^[ -~]*$/;

/** The name with everything that is no letter, digit or `_` taken out: `args[0].w` → `args_0_w`. Idempotent. */
export function sanitizeName(name: string): string {
  const [anywhere, first, last] = ASCII.test(name) ? INVALID_ASCII : INVALID;
  let clean = name.replace(anywhere, "_");
  if (first.test(name)) clean = clean.slice(1);
  if (last.test(name)) clean = clean.slice(0, -1);
  return clean === "" ? "v" : clean;
}

/** Whether a name begins with a digit, of any script. */
export function beginsWithDigit(name: string): boolean {
  const first = name.charCodeAt(0);
  return first < 0x80 ? first >= 0x30 && first <= 0x39 : /^\p{N}/u.test(name);
}

/** Names of their own that texts can have. */
export class UniqueNames {
  readonly #names: OwnNames;

  constructor(reserved: Iterable<string> = []) {
    this.#names = new OwnNames(reserved);
  }

  take(wanted: string): string {
    return this.#names.take(sanitizeName(wanted));
  }
}

/** `1 result`, `2 results`. */
export function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
