/** A text as a language model takes it. */
import { type NdArray, numpy as np } from "weft";
import { bigramLoss } from "./bigram.ts";
import { Vocabulary } from "./vocabulary.ts";

export interface Corpus {
  readonly vocabulary: Vocabulary;
  /** The first nine tenths of the text, int32[n]. */
  readonly train: NdArray;
  /** Pieces of the last tenth, evenly spread, int32[pieces, length + 1]. */
  readonly test: NdArray;
  /** The bigram model's loss on the last tenth. */
  readonly bigram: number;
}

/** @param length of the pieces that the loss is computed on, without the character behind the last */
export function makeCorpus(text: string, { pieces, length }: { pieces: number; length: number }): Corpus {
  const vocabulary = new Vocabulary(text);
  const numbers = vocabulary.encode(text);
  const cut = Math.floor(numbers.length * 0.9);
  const [first, last] = [numbers.subarray(0, cut), numbers.subarray(cut)];
  const room = last.length - length - 1;
  if (room < 0)
    throw new Error(`the last tenth of the text has ${last.length} characters, ${length + 1} are needed`);
  const test = new Int32Array(pieces * (length + 1));
  for (let i = 0; i < pieces; i++) {
    const start = Math.floor((i * room) / pieces);
    test.set(last.subarray(start, start + length + 1), i * (length + 1));
  }
  return {
    vocabulary,
    train: np.array(first),
    test: np.array(test).reshape([pieces, length + 1]),
    bigram: bigramLoss(first, last, vocabulary.size),
  };
}
