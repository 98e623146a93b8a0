/** Dates as people write them, and as ISO 8601 does: what the Transformer translates. */
import { type NdArray, numpy as np, random } from "weft";
import { onHost } from "../run/device.ts";

const MONTHS = "january february march april may june july august september october november december".split(
  " ",
);
const DAYS = "sunday monday tuesday wednesday thursday friday saturday".split(" ");

/** A day, with its month and its day of the week in words. */
interface Named {
  readonly day: number;
  readonly month: string;
  readonly monthNumber: number;
  readonly weekday: string;
  readonly year: number;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Ways of writing a day. */
const FORMS: readonly ((d: Named) => string)[] = [
  ({ day, month, year }) => `${day} ${month} ${year}`,
  ({ day, month, year }) => `${month} ${day}, ${year}`,
  ({ weekday, day, month, year }) => `${weekday} ${day} ${month} ${year}`,
  ({ weekday, day, month, year }) => `${weekday.slice(0, 3)}, ${month.slice(0, 3)} ${day}, ${year}`,
  ({ day, monthNumber, year }) => `${day}.${monthNumber}.${year}`,
  ({ day, monthNumber, year }) => `${two(monthNumber)}/${two(day)}/${year}`,
];

/** The longest source, "wednesday 30 september 2099", has 27 characters. */
export const SOURCE_LENGTH = 28;
/** `YYYY-MM-DD` */
export const TARGET_LENGTH = 10;

const CHARACTERS = " ,-./0123456789abcdefghijlmnoprstuvwy";
/** Fills a source up; attention does not see it. */
const PAD = 0;
/** What the decoder reads before it has written anything. */
export const START = 1;
/** Characters, padding and start. */
export const VOCAB_SIZE = CHARACTERS.length + 2;

/** The codes of a text, filled up to a length. */
export function encode(text: string, length: number): number[] {
  const codes = Array.from(text, (character) => {
    const at = CHARACTERS.indexOf(character);
    if (at < 0) throw new Error(`no date has the character ${JSON.stringify(character)}`);
    return at + 2;
  });
  if (codes.length > length) throw new Error(`${JSON.stringify(text)} has more than ${length} characters`);
  return [...codes, ...new Array<number>(length - codes.length).fill(PAD)];
}

export function decode(codes: Iterable<number>): string {
  return Array.from(codes, (code) => CHARACTERS[code - 2] ?? "").join("");
}

/** What of a day is written, with the number of the form. */
function written(day: number, form: number): readonly [source: string, target: string] {
  const date = new Date(day * 86_400_000);
  const source = FORMS[form]!({
    day: date.getUTCDate(),
    month: MONTHS[date.getUTCMonth()]!,
    monthNumber: date.getUTCMonth() + 1,
    weekday: DAYS[date.getUTCDay()]!,
    year: date.getUTCFullYear(),
  });
  return [source, date.toISOString().slice(0, TARGET_LENGTH)];
}

export interface Dates {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  /** i32[count, SOURCE_LENGTH] */
  readonly source: NdArray;
  /** i32[count, TARGET_LENGTH] */
  readonly target: NdArray;
}

/** Every tenth day from 1900 to 2099 is held out, however it is written; the others are learned from. */
export async function makeDates(key: NdArray, count: number, heldOut: boolean): Promise<Dates> {
  const [decadeKey, dayKey, formKey] = random.split(key, 3);
  const [first, last] = heldOut ? [0, 1] : [1, 10];
  const [tens, units, forms] = await onHost(
    random.randint(decadeKey!, [count], -2556, 4748),
    random.randint(dayKey!, [count], first, last),
    random.randint(formKey!, [count], 0, FORMS.length),
  );
  const unitsOf = units.dataSync();
  const formsOf = forms.dataSync();
  const pairs = Array.from(tens.dataSync(), (ten, i) =>
    written(10 * Number(ten) + Number(unitsOf[i]), Number(formsOf[i])),
  );
  const sources = pairs.map(([source]) => source);
  const targets = pairs.map(([, target]) => target);
  return { sources, targets, source: encodeAll(sources), target: encodeAll(targets, TARGET_LENGTH) };
}

/** i32[texts, length] */
export function encodeAll(texts: readonly string[], length: number = SOURCE_LENGTH): NdArray {
  return np.array(Int32Array.from(texts.flatMap((text) => encode(text, length)))).reshape([-1, length]);
}
