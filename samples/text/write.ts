/** Text of any length from a generator that writes a fixed number of characters at once. */
import { type NdArray, numpy as np, random } from "weft";
import type { Vocabulary } from "./vocabulary.ts";

/** How the next character is drawn. */
export interface Drawing {
  readonly key: NdArray;
  /** float32: below 1 the likely becomes likelier. */
  readonly temperature: NdArray;
  /** int32: how many of the likeliest characters are left to draw from. */
  readonly topK: NdArray;
}

/**
 * Writes behind the first `given` characters of a prompt i32[length]: i32[length + 1], which begin with those of the prompt.
 */
export type Generate<Params> = (params: Params, prompt: NdArray, given: NdArray, drawing: Drawing) => NdArray;

export interface DrawOptions {
  /** The length of the generator's prompts. */
  readonly context: number;
  readonly seed: number;
  readonly temperature: number;
  readonly topK: number;
}

export interface WriteOptions extends DrawOptions {
  readonly prompt: string;
  /** How many characters are wanted, with the prompt. */
  readonly length: number;
}

/** The prompt of the next call: what is written, or of a whole context and more the last half of one. */
export function nextPrompt(written: ArrayLike<number>, context: number): number[] {
  const all = Array.from(written);
  return all.length < context ? all : all.slice(-Math.floor(context / 2));
}

/** A generator's arguments behind the parameters, for the numbered part of a text whose beginning is `known`. */
export function argumentsOf(
  known: ArrayLike<number>,
  { context, seed, temperature, topK }: DrawOptions,
  part: number,
): [prompt: NdArray, given: NdArray, drawing: Drawing] {
  const prompt = Int32Array.from({ length: context }, (_, i) => known[i] ?? 0);
  const int = (x: number): NdArray => np.array(x, { dtype: "int32" });
  const key = random.foldIn(random.PRNGKey(seed), part);
  return [np.array(prompt), int(known.length), { key, temperature: np.array(temperature), topK: int(topK) }];
}

/** The prompt and what the model writes behind it: as often as need be, what goes on behind the last half of a context. */
export async function writeText<Params>(
  generate: Generate<Params>,
  params: Params,
  vocabulary: Vocabulary,
  { prompt, length, ...options }: WriteOptions,
): Promise<string> {
  const written = Array.from(vocabulary.encode(prompt));
  for (let part = 0; written.length < length; part++) {
    const known = nextPrompt(written, options.context);
    const tokens = await generate(params, ...argumentsOf(known, options, part)).data();
    for (const token of tokens.slice(known.length)) written.push(Number(token));
  }
  return vocabulary.decode(written.slice(0, length));
}
