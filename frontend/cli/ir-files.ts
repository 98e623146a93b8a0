/** IR files that commands read: graphs, kernels and programs. */
import { readFileSync } from "node:fs";
import { InputError } from "./errors.ts";

export interface IrText {
  /** For messages. */
  readonly name: string;
  readonly text: string;
  readonly kind: IrKind;
}

export type IrKind = "graph" | "kernel" | "program";

/** Reads an IR file, or stdin for `-`. What it is, is told by its first word; what that does not tell is a graph. */
export function readIr(file: string): IrText {
  const name = file === "-" ? "<stdin>" : file;
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT") throw new InputError(`there is no file ${file}`);
    if (code === "EISDIR") throw new InputError(`${file} is not a file`);
    throw error;
  }
  const word = /^(?:\s|\/\/.*|;.*)*(graph|kernel|program)\b/.exec(text)?.[1];
  return { name, text, kind: word === "kernel" || word === "program" ? word : "graph" };
}
