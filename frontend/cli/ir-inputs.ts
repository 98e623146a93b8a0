/** The arrays that commands run IR on: `.npy` files, or random ones. */
import { readFileSync } from "node:fs";
import type { RefTensor } from "../../compiler/graph/reference.ts";
import { roundTo } from "../../compiler/kernel/constants.ts";
import { isFloating } from "../../compiler/types/dtype.ts";
import { sameShape, type TensorType } from "../../compiler/types/tensor-type.ts";
import type { Tolerance } from "../inspect/compare-results.ts";
import { randomInput } from "../inspect/random-inputs.ts";
import { InputError, UsageError } from "./errors.ts";
import { parseNpy } from "./npy.ts";

export interface InputOptions {
  readonly inputs?: readonly string[];
  readonly seed?: string;
}

export interface ToleranceOptions {
  readonly rtol?: string;
  readonly atol?: string;
}

export interface NamedInput {
  readonly name: string;
  readonly type: TensorType;
}

/** What the options give for inputs of these types; random ones where they name neither files nor a seed, if that is fine. */
export function inputsOf(
  wanted: readonly NamedInput[],
  options: InputOptions,
  byDefault: "random" | "none",
): RefTensor[] {
  const { inputs, seed } = options;
  if (inputs !== undefined && seed !== undefined) {
    throw new UsageError("--inputs and --seed cannot be given together");
  }
  if (inputs !== undefined) return readInputs(wanted, inputs);
  if (seed === undefined && byDefault === "none" && wanted.length > 0) {
    const list = wanted.map(({ name, type }) => `${name}: ${type.text}`).join(", ");
    throw new UsageError(
      `it takes ${list}. Give --inputs with a NumPy file for each, or --seed N for random ones`,
    );
  }
  const start = integer("--seed", seed ?? "0");
  return wanted.map(({ type }, i) => randomInput(type, start, i));
}

function readInputs(wanted: readonly NamedInput[], files: readonly string[]): RefTensor[] {
  if (files.length !== wanted.length) {
    const list = wanted.map(({ name, type }) => `  ${name}: ${type.text}`).join("\n");
    throw new UsageError(
      `it takes ${wanted.length} inputs, and --inputs names ${files.length} files:\n${list}`,
    );
  }
  return files.map((file, i) => fitted(readNpy(file), wanted[i], file));
}

export function readNpy(file: string): RefTensor {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new InputError(`there is no file ${file}`);
  }
  try {
    return parseNpy(bytes);
  } catch (error) {
    // Its message may end with a line of the program that called, which is this one.
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(`${file} cannot be read: ${reason}`);
  }
}

/** The array with the input's dtype: another width of the same kind is converted, as JAX does without 64 bits. */
function fitted({ type, data }: RefTensor, { name, type: wanted }: NamedInput, file: string): RefTensor {
  const sameKind = type.dtype === wanted.dtype || (isFloating(type.dtype) && isFloating(wanted.dtype));
  if (!sameShape(type.shape, wanted.shape) || !(sameKind || fits(data, wanted))) {
    throw new InputError(`${file} holds ${type.text}, and the input ${name} is ${wanted.text}`);
  }
  return { type: wanted, data: data.map((x) => roundTo(x, wanted.dtype)) };
}

/** Whether integers are values of another type of integers. */
function fits(data: Float64Array, wanted: TensorType): boolean {
  return !isFloating(wanted.dtype) && data.every((x) => roundTo(x, wanted.dtype) === x);
}

export function toleranceOf({ rtol, atol }: ToleranceOptions): Partial<Tolerance> {
  return {
    ...(rtol === undefined ? {} : { rtol: positive("--rtol", rtol) }),
    ...(atol === undefined ? {} : { atol: positive("--atol", atol) }),
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0))
    throw new UsageError(`${option} takes a number such as 1e-4, and not ${text}`);
  return value;
}

export function integer(option: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`${option} takes a whole number, and not ${text}`);
  return Number(text);
}

/** `--donate 0,2` → for each input whether it may be overwritten. */
export function parseDonated(text: string | undefined): boolean[] {
  const donated: boolean[] = [];
  if (text === undefined) return donated;
  for (const part of text.split(",")) {
    if (!/^\s*\d{1,4}\s*$/.test(part)) {
      throw new UsageError(`--donate takes positions of inputs, as in --donate 0,2, and not ${text}`);
    }
    donated[Number(part)] = true;
  }
  return Array.from(donated, Boolean);
}
