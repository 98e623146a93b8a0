/** The passes that `--pass` and `--diff` name. */
import { nearestName } from "../../compiler/text/parse-error.ts";
import type { RecordedPass } from "../inspect/recording.ts";
import { STAGES, type StageName } from "../inspect/stages.ts";
import { UsageError } from "./errors.ts";

/** The passes that a list of names or numbers means, in the order they ran; `all` is all of them. */
export function passesNamed(passes: readonly RecordedPass[], list: string): readonly RecordedPass[] {
  const wanted = list.split(",").map((name) => name.trim());
  if (wanted.includes("all")) return passes;
  const found = new Set(wanted.map((name) => passNamed(passes, name)));
  return passes.filter((pass) => found.has(pass));
}

/** A pass by its name or number. Throws UsageError with the names. */
export function passNamed(passes: readonly RecordedPass[], name: string): RecordedPass {
  const found = passes.find(({ record }) => record.name === name || String(record.index) === name);
  if (found !== undefined) return found;
  const names = passes.map(({ record }) => record.name);
  const near = nearestName(name, names);
  throw new UsageError(
    `no pass ${name} ran${near === null ? "" : `; did you mean ${near}?`}\nPasses: ${names.join(", ")}`,
  );
}

/** A side of a comparison: a pass, and whether of a program only the kernels are meant. */
export interface Side {
  readonly pass: RecordedPass;
  readonly view: "kernels" | "whole";
}

/** `A..B`: two passes or stages; `NAME`: what came before that pass and what it made. */
export function diffSides(passes: readonly RecordedPass[], text: string): readonly [Side, Side] {
  const parts = text.split("..");
  if (parts.length > 2 || parts.includes("")) {
    throw new UsageError(`--diff takes two passes or stages, as in --diff traced..simplify, and not ${text}`);
  }
  if (parts.length === 2) return [side(passes, parts[0]), side(passes, parts[1])];
  const after = side(passes, parts[0]);
  const at = passes.indexOf(after.pass);
  if (at === 0) throw new UsageError(`nothing comes before ${text}`);
  return [{ pass: passes[at - 1], view: after.view }, after];
}

function side(passes: readonly RecordedPass[], name: string): Side {
  // A pass and a stage of one name are the same.
  const stage = STAGES.find((each) => each === name);
  if (stage === undefined) return { pass: passNamed(passes, name), view: "whole" };
  return { pass: passOfStage(passes, stage), view: stage === "kernel" ? "kernels" : "whole" };
}

function passOfStage(passes: readonly RecordedPass[], stage: StageName): RecordedPass {
  const levels = {
    graph: "graph",
    optimized: "graph",
    fusion: "fusion",
    kernel: "program",
    program: "program",
    wat: "wasm",
    wgsl: "webgpu",
  } as const;
  const level = passes.filter(({ record }) => record.level === levels[stage]);
  const found = stage === "graph" ? level[0] : level.at(-1);
  if (found === undefined) throw new UsageError(`the compilation did not get to ${stage}`);
  return found;
}
