/** Whether a program for WebGPU makes sense: what runs it trusts its numbers. The GPU checks accesses itself. */
import { type ArtifactProgram, parseLeaf } from "../../compiler/program/artifact.ts";
import type { WebGpuFile } from "../../compiler/program/webgpu.ts";
import { dtypeFromShort, isDType } from "../../compiler/types/dtype.ts";
import { ArtifactError } from "./errors.ts";

/** Deeper schedules are refused, rather than left to overflow the stack. */
const DEPTH_LIMIT = 200;

type Json = Readonly<Record<string, unknown>>;

/** The file, if it is consistent and of this program. Throws ArtifactError that says where it is not. */
export function checkWebGpuFile(json: unknown, program: ArtifactProgram): WebGpuFile {
  const section = program.webgpu?.section ?? "the program for WebGPU";
  return new Check(section, program).file(json);
}

class Check {
  /** Of each shader, how many buffers and counters it takes. */
  #shaders: { readonly bindings: number; readonly counters: number }[] = [];
  #slots: readonly number[] = [];
  #counts: Readonly<Record<string, number>> = {};

  constructor(
    readonly section: string,
    readonly program: ArtifactProgram,
  ) {}

  file(json: unknown): WebGpuFile {
    const root = this.#record(json, "it");
    const signature = this.#record(root.interface, "interface");
    const { inputs: types, outputs, weights } = this.program;
    this.#text(signature.name, "interface.name");
    const inputs = this.#tensors(signature.inputs, types, "interface.inputs");
    this.#expect(inputs === types.length + weights.length, "interface.inputs are not the program's");
    const results = this.#tensors(signature.outputs, outputs, "interface.outputs");
    this.#expect(results === outputs.length, "interface.outputs are not the program's");
    const aliases = this.#list(signature.aliases, "interface.aliases");
    this.#expect(aliases.length === outputs.length, "interface.aliases has another length than the outputs");
    for (const [o, alias] of aliases.entries()) {
      if (alias === null) continue;
      const i = this.#whole(alias, "interface.aliases");
      this.#expect(types[i] === outputs[o], `interface.aliases[${o}] is no input of the output's type`);
    }
    this.#whole(signature.tempBytes, "interface.tempBytes");
    const bytes = this.#whole(signature.constantBytes, "interface.constantBytes");
    this.#expect(bytes < 2 ** 32, "interface.constantBytes is too large");
    for (const each of this.#list(signature.constants, "interface.constants")) {
      const { tensor, offset } = this.#record(each, "interface.constants");
      this.#text(tensor, "interface.constants");
      this.#expect(this.#whole(offset, "interface.constants") <= bytes, "interface.constants lie outside");
    }
    const slots = this.#list(root.slots, "slots");
    this.#slots = slots.map((slot) => this.#whole(slot, "slots"));
    this.#counts = { input: inputs, output: results, slot: slots.length, constant: 1 };
    this.#shaders = this.#list(root.shaders, "shaders").map((each, i) => this.#shader(each, `shaders[${i}]`));
    this.#steps(root.schedule, "schedule", new Set(), 0);
    return json as WebGpuFile;
  }

  /** How many there are. */
  #tensors(json: unknown, types: readonly string[], where: string): number {
    const tensors = this.#list(json, where);
    for (const [i, each] of tensors.entries()) {
      const { dtype, shape, label } = this.#record(each, `${where}[${i}]`);
      this.#expect(isDType(this.#text(dtype, where)), `${where}[${i}].dtype is none`);
      this.#text(label, `${where}[${i}].label`);
      const extents = this.#list(shape, where).map((x) => this.#whole(x, `${where}[${i}].shape`));
      const leaf = i < types.length ? parseLeaf(types[i]) : null;
      if (leaf === null) continue;
      const same = dtypeFromShort(leaf.dtype) === dtype && leaf.shape.join() === extents.join();
      this.#expect(same, `${where}[${i}] is not ${types[i]}`);
    }
    return tensors.length;
  }

  #shader(json: unknown, where: string): { bindings: number; counters: number } {
    const { name, wgsl, bindings, counters, workgroups, features, sources } = this.#record(json, where);
    this.#text(name, `${where}.name`);
    this.#text(wgsl, `${where}.wgsl`);
    const buffers = this.#list(bindings, `${where}.bindings`);
    for (const each of buffers) {
      const { access, label, bytes } = this.#record(each, `${where}.bindings`);
      this.#expect(access === "read" || access === "readwrite", `${where}.bindings have an unknown access`);
      this.#text(label, `${where}.bindings`);
      this.#whole(bytes, `${where}.bindings`);
    }
    const groups = this.#list(workgroups, `${where}.workgroups`);
    this.#expect(groups.length === 3, `${where}.workgroups are not three`);
    for (const n of groups) this.#whole(n, `${where}.workgroups`);
    for (const each of this.#list(features, `${where}.features`)) this.#text(each, `${where}.features`);
    for (const each of this.#list(sources, `${where}.sources`)) this.#text(each, `${where}.sources`);
    return { bindings: buffers.length, counters: this.#whole(counters, `${where}.counters`) };
  }

  #steps(json: unknown, where: string, loops: ReadonlySet<number>, depth: number): void {
    this.#expect(depth < DEPTH_LIMIT, "schedule is nested too deeply");
    for (const [i, each] of this.#list(json, where).entries()) {
      const at = `${where}[${i}]`;
      const step = this.#record(each, at);
      const inner = (body: unknown, inside = loops): void => this.#steps(body, at, inside, depth + 1);
      switch (step.kind) {
        case "dispatch":
          this.#dispatch(step, at, loops);
          break;
        case "copy":
          this.#place(step.from, at, loops);
          this.#place(step.to, at, loops);
          this.#whole(step.bytes, `${at}.bytes`);
          break;
        case "for":
          this.#whole(step.trips, `${at}.trips`);
          inner(step.body, new Set([...loops, this.#whole(step.loop, `${at}.loop`)]));
          break;
        case "while":
          this.#place(step.predicate, at, loops);
          inner(step.cond);
          inner(step.body);
          if (step.guard !== null) this.#guard(this.#record(step.guard, `${at}.guard`), step, at, loops);
          break;
        case "branch": {
          this.#place(step.index, at, loops);
          const cases = this.#list(step.cases, `${at}.cases`);
          this.#expect(cases.length > 0, `${at} has no cases`);
          for (const body of cases) inner(body);
          break;
        }
        default:
          this.#expect(false, `${at} is no step`);
      }
    }
  }

  /** It has to hold three numbers for each dispatch of a turn. */
  #guard(guard: Json, { body, cond }: Json, at: string, loops: ReadonlySet<number>): void {
    this.#dispatch(guard, `${at}.guard`, loops);
    const [, groups] = guard.buffers as Json[];
    this.#expect(groups?.kind === "slot", `${at}.guard writes to no slot`);
    const count = (steps: unknown): number =>
      (steps as Json[]).reduce((n, step) => n + (step.kind === "for" ? count(step.body) : 1), 0);
    const bytes = 12 * (count(body) + count(cond));
    this.#expect(this.#slots[groups.index as number] >= bytes, `${at}.guard's slot is too small`);
  }

  #dispatch({ shader, buffers, counters }: Json, at: string, loops: ReadonlySet<number>): void {
    const wanted = this.#shaders[this.#whole(shader, `${at}.shader`)];
    this.#expect(wanted !== undefined, `${at}.shader is not there`);
    const given = this.#list(buffers, `${at}.buffers`);
    this.#expect(given.length === wanted.bindings, `${at}.buffers are not the shader's bindings`);
    for (const buffer of given) this.#buffer(buffer, at);
    const read = this.#list(counters, `${at}.counters`);
    this.#expect(read.length === wanted.counters, `${at}.counters are not the shader's`);
    for (const loop of read) this.#expect(loops.has(Number(loop)), `${at}.counters are of no enclosing loop`);
  }

  #place(json: unknown, at: string, loops: ReadonlySet<number>): void {
    const { buffer, offset, strides } = this.#record(json, at);
    this.#buffer(buffer, at);
    this.#whole(offset, `${at}.offset`);
    for (const each of this.#list(strides, `${at}.strides`)) {
      const { loop, stride } = this.#record(each, `${at}.strides`);
      this.#expect(loops.has(Number(loop)), `${at}.strides are of no enclosing loop`);
      this.#expect(Number.isSafeInteger(stride), `${at}.strides are not whole numbers`);
    }
  }

  #buffer(json: unknown, at: string): void {
    const { kind, index } = this.#record(json, `${at}.buffers`);
    const count = Object.hasOwn(this.#counts, String(kind)) ? this.#counts[String(kind)] : 0;
    const n = kind === "constant" ? 0 : this.#whole(index, `${at}.buffers`);
    this.#expect(n < count, `${at} names a buffer that is not there`);
  }

  #expect(holds: boolean, why: string): asserts holds {
    if (!holds) throw new ArtifactError(`${this.section} is not valid: ${why}`);
  }

  #record(x: unknown, where: string): Json {
    this.#expect(typeof x === "object" && x !== null && !Array.isArray(x), `${where} is not an object`);
    return x as Json;
  }

  #list(x: unknown, where: string): unknown[] {
    this.#expect(Array.isArray(x), `${where} is not a list`);
    return x as unknown[];
  }

  #text(x: unknown, where: string): string {
    this.#expect(typeof x === "string", `${where} is not a text`);
    return x as string;
  }

  #whole(x: unknown, where: string): number {
    this.#expect(Number.isSafeInteger(x) && Number(x) >= 0, `${where} is not a whole number`);
    return x as number;
  }
}
