/** The function of a user's file that a command is about. */
import path from "node:path";
import { nearestName } from "../../compiler/text/parse-error.ts";
import type { Sizes } from "../aot/sizes.ts";
import { SymbolicSpec } from "../core/spec.ts";
import type { JitFunction } from "../transforms/jit.ts";
import type { AnyFunction } from "../transforms/types.ts";
import { flatten } from "../tree/tree.ts";
import { isPlainObject } from "../tree/treedef.ts";
import type { UserModule } from "./bundle.ts";
import { InputError } from "./errors.ts";

/** What `exampleArgs` in a user's file is called. */
const EXAMPLE_ARGS = "exampleArgs";
const EXAMPLE_SIZES = "exampleSizes";

export interface ChosenExport {
  /** The export's name, or the file's for the default export. */
  readonly name: string;
  readonly value: AnyFunction;
}

/** `model.ts#loss` → the file and the export; null where none is named. */
export function splitTarget(target: string, exists: (file: string) => boolean): [string, string | null] {
  const at = target.lastIndexOf("#");
  // A file may have a # in its name.
  if (at < 0 || exists(target)) return [target, null];
  return [target.slice(0, at), target.slice(at + 1)];
}

/** The named export, else the default one, else the only function. Throws InputError with the candidates. */
export function chooseExport(module: UserModule, file: string, wanted: string | null): ChosenExport {
  const { exports } = module;
  const functions = Object.keys(exports).filter((name) => isFunction(exports[name]) && name !== EXAMPLE_ARGS);
  const name = wanted ?? (functions.includes("default") ? "default" : null);
  if (name !== null) return named(exports, functions, file, name);
  if (functions.length === 1) return named(exports, functions, file, functions[0]);
  if (functions.length === 0) {
    throw new InputError(`${file} exports no function. Put export before the one that is meant`);
  }
  throw new InputError(
    `${file} exports ${functions.length} functions. Say which:\n${candidates(file, functions)}`,
  );
}

function named(
  exports: UserModule["exports"],
  functions: readonly string[],
  file: string,
  name: string,
): ChosenExport {
  const value = exports[name];
  if (isFunction(value)) return { name: name === "default" ? stemOf(file) : name, value };
  const found = Object.hasOwn(exports, name)
    ? `${file} exports ${name}, but it is not a function`
    : `${file} exports no ${name}`;
  const near = nearestName(name, functions);
  const hint = near === null ? "" : `; did you mean ${near}?`;
  const list = functions.length === 0 ? "" : `\nIts functions:\n${candidates(file, functions)}`;
  throw new InputError(`${found}${hint}${list}`);
}

function candidates(file: string, functions: readonly string[]): string {
  return functions.map((name) => `  ${file}#${name}`).join("\n");
}

/**
 * The arguments that the file gives as examples of an export: `exampleArgs`, a list, or an object of lists by the exports'
 * names, or a function that returns either; null if there are none.
 */
export async function exampleArguments(
  module: UserModule,
  file: string,
  chosen: ChosenExport,
): Promise<readonly unknown[] | null> {
  const examples = await exampleLists(module, file);
  return examples.find(({ name }) => name === null || name === exportName(module, chosen))?.args ?? null;
}

/** Every list of `exampleArgs` with the export it is for; null: for whichever is meant. */
export async function exampleLists(
  { exports }: UserModule,
  file: string,
): Promise<{ readonly name: string | null; readonly args: readonly unknown[] }[]> {
  const given = exports[EXAMPLE_ARGS];
  if (given === undefined) return [];
  const value: unknown = await (isFunction(given) ? Reflect.apply(given, undefined, []) : given);
  if (Array.isArray(value)) return [{ name: null, args: value }];
  const entries = isPlainObject(value) ? Object.entries(value) : [["", null] as const];
  return entries.map(([name, args]) => {
    if (Array.isArray(args)) return { name, args };
    throw new InputError(
      `${EXAMPLE_ARGS} of ${file} must be a list of arguments, or lists by the names of exports, or a function that returns such`,
    );
  });
}

function exportName({ exports }: UserModule, { name, value }: ChosenExport): string {
  return value === exports.default ? "default" : name;
}

/** The sizes that the file gives for the names in the shapes of these arguments: `exampleSizes`. */
export function exampleSizes({ exports }: UserModule, file: string, args: readonly unknown[]): Sizes {
  const given = exports[EXAMPLE_SIZES];
  if (given === undefined) return {};
  if (!isPlainObject(given)) throw wrongSizes(file);
  const names = flatten(args).leaves.flatMap((leaf) => (leaf instanceof SymbolicSpec ? leaf.names : []));
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, sizes]) => {
      if (!isNumbers(sizes)) throw wrongSizes(file);
      return names.includes(name) ? [[name, sizes]] : [];
    }),
  );
}

function wrongSizes(file: string): InputError {
  return new InputError(`${EXAMPLE_SIZES} of ${file} must be lists of numbers by name, as { b: [1, 8] }`);
}

function isNumbers(x: unknown): x is readonly number[] {
  return Array.isArray(x) && x.every((n) => typeof n === "number");
}

function isFunction(x: unknown): x is AnyFunction {
  // A class is a function that cannot be called.
  return typeof x === "function" && !/^class\b/.test(Function.prototype.toString.call(x));
}

/** Whether it is what `jit` returns. */
export function isJitted(f: AnyFunction): f is JitFunction<AnyFunction> {
  return "lower" in f && typeof f.lower === "function" && "trace" in f && typeof f.trace === "function";
}

function stemOf(file: string): string {
  return path.basename(file).replace(/\.[cm]?[jt]sx?$/, "");
}
