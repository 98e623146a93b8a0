/** A trained language model as one file: its parameters, and in the file's metadata its sizes and its characters. */

import type { NdArray } from "weft";
import { flattenNames, readSafetensors, writeSafetensors } from "weft/data";
import { Vocabulary } from "./vocabulary.ts";

/** The name of the file beside a sample's report. */
export const CHECKPOINT = "model.safetensors";

export interface Checkpoint<Config> {
  readonly config: Config;
  readonly vocabulary: Vocabulary;
  /** The parameters by their paths, as `flattenNames` gives them. */
  readonly tensors: Readonly<Record<string, NdArray>>;
}

export async function writeCheckpoint(
  params: object,
  config: object,
  { characters }: Vocabulary,
): Promise<Uint8Array> {
  const metadata = { config: JSON.stringify(config), characters };
  return writeSafetensors(flattenNames(params), { metadata });
}

/** Throws an Error for a safetensors file that is not one of these. The configuration's type is taken on trust. */
export function readCheckpoint<Config>(bytes: Uint8Array): Checkpoint<Config> {
  const { tensors, metadata } = readSafetensors(bytes);
  const { config, characters } = metadata;
  if (config === undefined || characters === undefined) {
    throw new Error(
      "the safetensors file has no config and characters in its metadata: it is no model of a sample",
    );
  }
  return { config: JSON.parse(config) as Config, vocabulary: new Vocabulary(characters), tensors };
}
