/** Broken texts out of good ones. */
import type { Random } from "../../helpers/random.ts";

/** What stands in texts, and what should not. */
const WORDS = [
  ..."graph kernel program return dense deferred @recursive @unavailable null true false inf nan -inf".split(
    " ",
  ),
  ..."f32 f16 f64 i8 u8 i32 u32 bool f32[] f32[3] i32[2,2] buf<f32,4> read write readwrite".split(" "),
  ..."serial reduce vector unroll grid local let acc store load if else while with in fma select guard".split(
    " ",
  ),
  ..."buffer schedule launch copy for branch case alias input output temp constant bytes".split(" "),
  ...'( ) { } [ ] , : = -> .. + - * / % & | ^ ! < > << >> >>> == != += max= " @ $ # % ; // \n \t \\ \0 é 𝔘 ́'.split(
    " ",
  ),
  "0 -0 1 -1 255 256 65535 2147483647 2147483648 4294967295 4294967296 9007199254740991 9007199254740992".split(
    " ",
  ),
  "1e308 1e309 1e-320 0.1 00 1. .5 1e 99999999999999999999 1e400 0x10".split(" "),
].flat();

/** One text of others: mostly one change, as what is broken in many places fails at the first; else up to six. */
export function mutated(random: Random, corpus: readonly string[]): string {
  let text = random.pick(corpus);
  for (let n = random.chance(0.7) ? 1 : 2 + random.below(5); n > 0; n--) text = change(random, text, corpus);
  return text;
}

function change(random: Random, text: string, corpus: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + 1 + random.below(random.pick([1, 4, 20, 200])));
  const span = text.slice(at, end);
  // Words and numbers in the place of others get past the grammar, and are the verifier's to judge.
  if (random.chance(0.4)) return retold(random, text);
  switch (random.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + span + text.slice(at);
    case 2:
      return `${text.slice(0, at)}${random.pick(WORDS)}${text.slice(at)}`;
    case 3:
      return `${text.slice(0, at)} ${random.pick(WORDS)} ${text.slice(end)}`;
    case 4:
      return (
        text.slice(0, at) +
        String.fromCharCode(random.below(random.pick([128, 0x10000]))) +
        text.slice(at + 1)
      );
    case 5: {
      const other = random.pick(corpus);
      const from = random.below(other.length + 1);
      return text.slice(0, at) + other.slice(from, from + random.below(200)) + text.slice(end);
    }
    case 6: {
      const lines = text.split("\n");
      const i = random.below(lines.length);
      const j = random.below(lines.length);
      [lines[i], lines[j]] = [lines[j], lines[i]];
      return lines.join("\n");
    }
    default: {
      // Deep, and long.
      const [open, close] = random.pick([
        ["(", ")"],
        ["[", "]"],
        ["{a=", "}"],
        ["-", ""],
        ["!", ""],
        ["graph @g() -> () { ", ""],
      ]);
      const depth = random.pick([3, 50, 5000]);
      return text.slice(0, at) + open.repeat(depth) + close.repeat(depth) + text.slice(at);
    }
  }
}

/** A word, a number or any token replaced: by one of this text, or by one that may stand in texts. */
function retold(random: Random, text: string): string {
  const pattern = random.pick([/\d+(\.\d+)?/g, /[A-Za-z_]\w*/g, /%\w+/g, /\w+\[[\d,]*\]/g, /\S+/g]);
  const own = text.match(pattern) ?? [""];
  const words = WORDS.filter((word) => new RegExp(`^(?:${pattern.source})$`).test(word));
  const from = words.length > 0 && random.chance(0.4) ? words : own;
  return replacedToken(random, text, pattern, () => random.pick(from));
}

function replacedToken(random: Random, text: string, pattern: RegExp, by: () => string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: token } = random.pick(found);
  return text.slice(0, index) + by() + text.slice(index + token.length);
}
