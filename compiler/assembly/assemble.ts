/**
 * Fusion plan → Program: lowers every group to a kernel, gives every stored value a buffer, turns loops and branches
 * into a structured schedule, and plans the temporary arena.
 *
 * Results are written where they are wanted: a scan's stacked outputs through moving views, a branch's results into
 * the joint buffers, loop-carried values over their predecessors, outputs over donated inputs. The last two only
 * where that is provably safe; otherwise into a temporary that is copied at the end of the iteration.
 */
import type { FusionGroup, FusionPlan, GroupKind } from "../fusion/plan.ts";
import { type Equation, isLiteral, Literal, type Operand, Value } from "../graph/graph.ts";
import { type EquationOf, isOp } from "../graph/operations.ts";
import { toBytes } from "../interpret/tensors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { CPU_KERNELS, type KernelTarget } from "../lowering/kernel-target.ts";
import { fillKernel, type LoweredGroup, type LoweredKernel, type Segment } from "../lowering/lower-group.ts";
import type { KernelArg } from "../lowering/parameters.ts";
import { primitiveOf } from "../primitives/table.ts";
import type { BufferRef, Program, Step } from "../program/program.ts";
import { DTYPE_INFO } from "../types/dtype.ts";
import { InternalError } from "../types/errors.ts";
import { bytesOf, sameType, type TensorType } from "../types/tensor-type.ts";
import { align, BufferTable, sameRef, sliceOf, wholeBuffer } from "./buffers.ts";
import { writesOverSafely } from "./in-place.ts";
import { type MemoryPlan, planMemory, type TakeOver } from "./memory-plan.ts";
import { readersOf } from "./readers.ts";
import { withoutSelfCopies } from "./self-copies.ts";
import { uniquelyNamed } from "./unique-names.ts";

/** Kinds of groups whose kernels come from element rules, so that their loads and stores tell what is safe. */
const GENERATED: ReadonlySet<GroupKind> = new Set<GroupKind>(["map", "reduce", "rows", "merged"]);

/** Bytes of a literal up to which it is kept as data instead of being written when it is needed. */
const MAX_CONSTANT_LITERAL = 256;

/** What a kernel was made from. */
export interface KernelOrigin {
  readonly plan: FusionPlan;
  readonly group: FusionGroup;
  /** The graph's operand behind each parameter; null for scratch memory. */
  readonly operands: readonly (Operand | null)[];
}

export interface AssembledProgram {
  readonly program: Program;
  readonly memory: MemoryPlan;
  /** By the kernel's name; a kernel that only fills memory with a number has none. */
  readonly origins: ReadonlyMap<string, KernelOrigin>;
}

/** Where an output of a region is wanted. */
interface Target {
  readonly ref: BufferRef;
  /** The region's input whose old contents live there until it is overwritten; null for fresh memory. */
  readonly replaces: Value | null;
}

interface Region {
  readonly plan: FusionPlan;
  /** The group that computes a value. */
  readonly groupOf: ReadonlyMap<Value, FusionGroup>;
  readonly lowered: ReadonlyMap<FusionGroup, LoweredGroup>;
  readonly env: Map<Value, BufferRef>;
  readonly steps: Step[];
  /** Values whose buffers were given from outside. */
  readonly destinations: Map<Value, BufferRef>;
  readonly outputs: ReadonlySet<Operand>;
  /** Which groups read a value, in order. */
  readonly readers: ReadonlyMap<Value, readonly FusionGroup[]>;
  /** Values that are the same bytes as another: reshapes of it. */
  readonly aliases: ReadonlyMap<Value, readonly Value[]>;
}

/** Assembles the program of a function. `donated[i]`: input i may be overwritten. */
export function assemble(
  plan: FusionPlan,
  donated: readonly boolean[],
  target: KernelTarget = CPU_KERNELS,
): AssembledProgram {
  return new Assembler(target).run(plan, donated);
}

class Assembler {
  readonly #table = new BufferTable();
  readonly #kernels: Kernel[] = [];
  readonly #origins = new Map<string, KernelOrigin>();
  readonly #takeOvers: TakeOver[] = [];
  readonly #fills = new Map<string, string>();
  readonly #literals = new Map<string, BufferRef>();
  #loops = 0;

  constructor(private readonly target: KernelTarget) {}

  run(plan: FusionPlan, donated: readonly boolean[]): AssembledProgram {
    const { graph } = plan;
    const env = new Map<Value, BufferRef>();
    for (const [i, v] of graph.inputs.entries()) {
      env.set(v, wholeBuffer(this.#table.add("input", v.type, v.hint ?? `arg${i}`, i)));
    }
    const region = this.#openRegion(plan, env);
    const aliases = this.#aliasDonated(region, donated);
    const targets = graph.outputs.map((x, o): Target => {
      const label = x instanceof Value && x.hint !== null ? x.hint : `out${o}`;
      const ref = wholeBuffer(this.#table.add("output", x.type, label, o));
      const input = aliases[o];
      return { ref, replaces: input === null ? null : graph.inputs[input] };
    });
    this.#buildRegion(region, targets);
    const memory = planMemory(this.#table.buffers, region.steps, this.#takeOvers);
    const describe = (x: Operand, label: string) => ({ dtype: x.type.dtype, shape: x.type.shape, label });
    const program: Program = {
      name: graph.name,
      inputs: graph.inputs.map((v, i) => describe(v, v.hint ?? `arg${i}`)),
      outputs: graph.outputs.map((x, o) => describe(x, `out${o}`)),
      aliases,
      tempBytes: memory.bytes,
      constants: this.#table.constantSegment(),
      buffers: this.#table.finish(),
      kernels: this.#kernels.map(uniquelyNamed),
      schedule: withoutSelfCopies(region.steps, this.#table.buffers),
    };
    return { program, memory, origins: this.#origins };
  }

  #openRegion(plan: FusionPlan, env: Map<Value, BufferRef>): Region {
    const producer = new Map<Value, Equation>();
    for (const e of plan.graph.equations) for (const v of e.outputs) producer.set(v, e);
    const groupOf = new Map<Value, FusionGroup>();
    const lowered = new Map<FusionGroup, LoweredGroup>();
    for (const group of plan.groups) {
      for (const root of group.roots) for (const v of root.outputs) groupOf.set(v, group);
      if (group.kind === "alias" || group.kind === "constant" || group.kind === "structure") continue;
      const name = `k${this.#kernels.length}_${nameOf(group)}`;
      const result = this.target.lower(plan, group, producer, name);
      for (const { kernel, args } of result.alone === null
        ? result.kernels
        : [...result.kernels, result.alone]) {
        this.#kernels.push(kernel);
        this.#origins.set(kernel.name, { plan, group, operands: args.map((arg) => arg.operand) });
      }
      lowered.set(group, result);
    }
    const { readers, aliases } = readersOf(plan, lowered);
    const outputs = new Set(plan.graph.outputs);
    return { plan, groupOf, lowered, env, steps: [], destinations: new Map(), outputs, readers, aliases };
  }

  /** Chooses, for each donated input, an output of the same type that can be computed over it. */
  #aliasDonated(region: Region, donated: readonly boolean[]): (number | null)[] {
    const { graph } = region.plan;
    const aliases: (number | null)[] = graph.outputs.map(() => null);
    for (const [i, input] of graph.inputs.entries()) {
      if (!donated[i]) continue;
      const o = graph.outputs.findIndex(
        (x, k) =>
          aliases[k] === null &&
          x instanceof Value &&
          sameType(x.type, input.type) &&
          graph.outputs.indexOf(x) === k &&
          (x === input || this.#mayOverwrite(region, input, x)),
      );
      if (o >= 0) aliases[o] = i;
    }
    return aliases;
  }

  /**
   * Whether `value`, computed in this region, may be written over the region's input `old`: nothing reads `old`
   * after the kernel that writes, and that kernel reads it only at the elements it is about to write.
   */
  #mayOverwrite(region: Region, old: Value, value: Value): boolean {
    const writer = region.groupOf.get(value);
    const result = writer === undefined ? undefined : region.lowered.get(writer);
    if (writer === undefined || result === undefined || writer.kind === "cumulative") return false;
    const write = result.args.find((arg) => arg.operand === value && arg.param.access !== "read");
    if (write === undefined) return false;
    // The old value under all its names.
    const names = new Set<Operand>([old]);
    for (const name of names) {
      if (region.outputs.has(name)) return false;
      if (name instanceof Value) for (const alias of region.aliases.get(name) ?? []) names.add(alias);
    }
    for (const name of names) {
      if (!(name instanceof Value)) continue;
      for (const reader of region.readers.get(name) ?? []) if (reader.id > writer.id) return false;
    }
    const reads = result.args.filter(
      (arg) => arg.param.access === "read" && arg.operand !== null && names.has(arg.operand),
    );
    if (write.initial !== null && names.has(write.initial)) return reads.length === 0;
    if (writer.kind === "custom") return customTakesOver(writer.roots[0], old, value);
    return reads.every(
      (arg) => !result.reread.has(arg.param) && writesOverSafely(result.segments, arg.param, write.param),
    );
  }

  /** Emits the region's steps; every output ends up in its target. */
  #buildRegion(region: Region, targets: readonly Target[]): void {
    const { plan, destinations } = region;
    const direct = new Set<number>();
    for (const [o, x] of plan.graph.outputs.entries()) {
      if (!(x instanceof Value) || destinations.has(x) || region.env.has(x)) continue;
      const { ref, replaces } = targets[o];
      if (replaces !== null && !this.#mayOverwrite(region, replaces, x)) continue;
      if (!this.#ownsBuffer(region, x)) continue;
      destinations.set(x, ref);
      direct.add(o);
    }
    for (const group of plan.groups) this.#emitGroup(region, group);
    this.#emitCopies(region, targets, direct);
  }

  /** Aliases share another value's buffer, constants have their own; everything else can be directed. */
  #ownsBuffer(region: Region, value: Value): boolean {
    const group = region.groupOf.get(value);
    return group !== undefined && group.kind !== "alias" && group.kind !== "constant";
  }

  /**
   * Moves what could not be computed in place. All copies count as simultaneous: a source that an earlier copy
   * overwrites (two carries that swap) is first saved.
   */
  #emitCopies(region: Region, targets: readonly Target[], direct: ReadonlySet<number>): void {
    const copies: { from: BufferRef; to: BufferRef; bytes: number; type: TensorType }[] = [];
    for (const [o, x] of region.plan.graph.outputs.entries()) {
      if (direct.has(o)) continue;
      const to = targets[o].ref;
      if (isLiteral(x)) {
        // After the copies: a literal has no source that could be overwritten, but its target may be a source.
        continue;
      }
      const from = this.#refOf(region, x);
      if (!sameRef(from, to)) copies.push({ from, to, bytes: bytesOf(x.type), type: x.type });
    }
    const overwritten = copies.map((c) => c.to.buffer);
    const late: Step[] = [];
    for (const [n, copy] of copies.entries()) {
      const clobbered = copies.some((other, m) => m < n && other.to.buffer === copy.from.buffer);
      if (clobbered && overwritten.includes(copy.from.buffer)) {
        const saved = wholeBuffer(this.#table.add("temp", copy.type, "saved"));
        region.steps.push({ kind: "copy", from: copy.from, to: saved, bytes: copy.bytes });
        late.push({ kind: "copy", from: saved, to: copy.to, bytes: copy.bytes });
      } else late.push({ kind: "copy", from: copy.from, to: copy.to, bytes: copy.bytes });
    }
    region.steps.push(...late.filter((step) => step.kind !== "copy" || step.bytes > 0));
    for (const [o, x] of region.plan.graph.outputs.entries()) {
      if (isLiteral(x)) this.#fill(region.steps, x, targets[o].ref);
    }
  }

  #fill(steps: Step[], x: Literal, to: BufferRef): void {
    if (x.type.size === 0) return;
    const key = `${x.type.dtype} ${x.type.size} ${Object.is(x.value, -0) ? "-0" : x.value}`;
    let name = this.#fills.get(key);
    if (name === undefined) {
      name = `k${this.#kernels.length}_fill`;
      this.#kernels.push(fillKernel(x.type, x.value, name, this.target.fill).kernel);
      this.#fills.set(key, name);
    }
    steps.push({ kind: "launch", kernel: name, args: [to] });
  }

  /** A small literal is data of the program, so that nothing has to write it at each call or iteration. */
  #constantLiteral(x: Literal): BufferRef {
    const key = `${x.type.text} ${Object.is(x.value, -0) ? "-0" : x.value}`;
    let ref = this.#literals.get(key);
    if (ref === undefined) {
      const data = new Float64Array(x.type.size).fill(x.value);
      ref = wholeBuffer(this.#table.constant(x.type, toBytes({ type: x.type, data }), "literal"));
      this.#literals.set(key, ref);
    }
    return ref;
  }

  /** The buffer of an operand; a literal is put into memory first. */
  #refOf(region: Region, x: Operand): BufferRef {
    if (x instanceof Literal) {
      if (bytesOf(x.type) <= MAX_CONSTANT_LITERAL) return this.#constantLiteral(x);
      const ref = wholeBuffer(this.#table.add("temp", x.type, "literal"));
      this.#fill(region.steps, x, ref);
      return ref;
    }
    const ref = region.env.get(x);
    // The kernel of an empty value is empty too, and was given no buffer for it.
    if (ref === undefined && x.type.size === 0) return this.#place(region, x);
    if (ref === undefined) throw new InternalError(`no buffer holds a value of type ${x.type.text}`);
    return ref;
  }

  /** The buffer a result goes to: where it is wanted, or a temporary. */
  #place(region: Region, value: Value): BufferRef {
    const ref =
      region.destinations.get(value) ?? wholeBuffer(this.#table.add("temp", value.type, value.hint ?? "tmp"));
    region.env.set(value, ref);
    return ref;
  }

  #emitGroup(region: Region, group: FusionGroup): void {
    const [root] = group.roots;
    switch (group.kind) {
      case "alias":
        region.env.set(root.outputs[0], this.#refOf(region, root.inputs[0]));
        return;
      case "constant": {
        if (!isOp(root, "constant")) throw new InternalError("not a constant");
        const { type, bytes } = root.params.value;
        region.env.set(root.outputs[0], wholeBuffer(this.#table.constant(type, bytes, "constant")));
        return;
      }
      case "structure":
        this.#emitStructure(region, group, root);
        return;
      default:
        this.#emitKernel(region, group);
    }
  }

  #emitKernel(region: Region, group: FusionGroup): void {
    const result = region.lowered.get(group);
    if (result === undefined) throw new InternalError("a group was not lowered");
    const shared = new Map<object, BufferRef>();
    const placed: BufferRef[] = [];
    const launch = ({ kernel, args }: LoweredKernel): Step[] => {
      const scratch = this.#scratchOf(args, shared);
      const refs = args.map((arg): BufferRef => {
        const { param, operand, initial } = arg;
        const own = scratch.get(arg);
        if (own !== undefined) return own;
        if (operand === null) throw new InternalError("scratch memory without a place");
        if (param.access === "read" || !(operand instanceof Value)) return this.#refOf(region, operand);
        const known = region.env.get(operand);
        if (known !== undefined && placed.includes(known)) return known;
        const ref = this.#place(region, operand);
        placed.push(ref);
        if (initial !== null) this.#initialise(region, initial, ref);
        return ref;
      });
      if (result.kernels.length === 1) this.#proposeTakeOvers(group, result.segments, args, refs);
      // A kernel without statements (a zero-size result) has nothing to run.
      return kernel.body.length > 0 ? [{ kind: "launch", kernel: kernel.name, args: refs }] : [];
    };
    const steps = result.kernels.flatMap(launch);
    if (result.alone === null) region.steps.push(...steps);
    else region.steps.push({ kind: "branch", index: "threads", cases: [launch(result.alone), steps] });
  }

  /** Memory of a kernel's own. What kernels of the group share is made when the first of them asks for it. */
  #scratchOf(args: readonly KernelArg[], shared: Map<object, BufferRef>): Map<KernelArg, BufferRef> {
    const own = args.filter((arg) => arg.operand === null && arg.shared === null);
    const refs = new Map<KernelArg, BufferRef>();
    const add = (bytes: number, dtype: TensorType["dtype"]): BufferRef =>
      wholeBuffer(this.#table.add("temp", scratchType(dtype, bytes / DTYPE_INFO[dtype].bytes), "scratch"));
    const bytesOfArg = ({ param }: KernelArg): number => param.size * DTYPE_INFO[param.dtype].bytes;
    for (const arg of args) {
      if (arg.shared === null) continue;
      const ref = shared.get(arg.shared) ?? add(bytesOfArg(arg), arg.param.dtype);
      shared.set(arg.shared, ref);
      refs.set(arg, ref);
    }
    if (this.target.joinsScratch && own.length > 1) {
      const offsets: number[] = [];
      const total = own.reduce((at, arg) => {
        offsets.push(at);
        return align(at + bytesOfArg(arg));
      }, 0);
      const whole = add(total, "uint32");
      for (const [n, arg] of own.entries()) refs.set(arg, { ...whole, offset: offsets[n] });
    } else for (const arg of own) refs.set(arg, add(bytesOfArg(arg), arg.param.dtype));
    return refs;
  }

  /** Puts an operand's value into a buffer, unless it is there already. */
  #initialise(region: Region, x: Operand, to: BufferRef): void {
    if (x instanceof Literal) {
      this.#fill(region.steps, x, to);
      return;
    }
    const from = this.#refOf(region, x);
    const bytes = bytesOf(x.type);
    if (bytes === 0 || sameRef(from, to)) return;
    region.steps.push({ kind: "copy", from, to, bytes });
    if (this.#isTemp(from) && this.#isTemp(to)) {
      this.#takeOvers.push({ result: to.buffer, operand: from.buffer });
    }
  }

  /** Results that could be written over an operand which dies here; the planner decides by liveness. */
  #proposeTakeOvers(
    group: FusionGroup,
    segments: readonly Segment[],
    args: readonly KernelArg[],
    refs: readonly BufferRef[],
  ): void {
    if (!GENERATED.has(group.kind)) return;
    for (const [w, write] of args.entries()) {
      // Scratch that grains have a part of each is not what the segments speak of.
      if (write.param.access === "read" || write.shared !== null) continue;
      if (!this.#isTemp(refs[w])) continue;
      const overwritable = (buffer: number): boolean =>
        args.every(
          (arg, n) =>
            refs[n].buffer !== buffer ||
            (arg.param.access === "read" &&
              this.#isTemp(refs[n]) &&
              writesOverSafely(segments, arg.param, write.param)),
        );
      const r = args.findIndex((arg, n) => arg.param.access === "read" && overwritable(refs[n].buffer));
      if (r >= 0) this.#takeOvers.push({ result: refs[w].buffer, operand: refs[r].buffer });
    }
  }

  #isTemp(ref: BufferRef): boolean {
    return this.#table.buffers[ref.buffer].kind === "temp" && ref.offset === 0 && ref.strides.length === 0;
  }

  #emitStructure(region: Region, group: FusionGroup, equation: Equation): void {
    if (isOp(equation, "scan")) this.#emitScan(region, group, equation);
    else if (isOp(equation, "while")) this.#emitWhile(region, group, equation);
    else if (isOp(equation, "cond")) this.#emitCond(region, group, equation);
    else throw new InternalError(`no structure for ${equation.op}`, equation.source);
  }

  /** Buffers of loop-carried values, holding their first values. */
  #initialCarry(region: Region, initial: readonly Operand[], results: readonly Value[]): BufferRef[] {
    return initial.map((x, i) => {
      const ref = this.#place(region, results[i]);
      this.#initialise(region, x, ref);
      return ref;
    });
  }

  #inner(plan: FusionPlan, inputs: readonly BufferRef[]): Region {
    const env = new Map<Value, BufferRef>();
    for (const [i, v] of plan.graph.inputs.entries()) env.set(v, inputs[i]);
    return this.#openRegion(plan, env);
  }

  #emitScan(region: Region, group: FusionGroup, equation: EquationOf<"scan">): void {
    const { numConsts, numCarry, length, reverse } = equation.params;
    const [plan] = group.regions;
    const body = plan.graph;
    const consts = equation.inputs.slice(0, numConsts).map((x) => this.#refOf(region, x));
    const carry = this.#initialCarry(
      region,
      equation.inputs.slice(numConsts, numConsts + numCarry),
      equation.outputs,
    );
    const loop = this.#loops++;
    const slice = (stacked: BufferRef, type: TensorType): BufferRef =>
      sliceOf(stacked, loop, bytesOf(type), length, reverse);
    const xs = equation.inputs
      .slice(numConsts + numCarry)
      .map((x, i) => slice(this.#refOf(region, x), body.inputs[numConsts + numCarry + i].type));
    const ys = equation.outputs
      .slice(numCarry)
      .map((v, i) => slice(this.#place(region, v), body.outputs[numCarry + i].type));
    // Without a turn the carry stays; building the body would propose to overwrite buffers that it never reads.
    if (length === 0) return;
    const inner = this.#inner(plan, [...consts, ...carry, ...xs]);
    this.#buildRegion(inner, [
      ...carry.map((ref, i): Target => ({ ref, replaces: body.inputs[numConsts + i] })),
      ...ys.map((ref): Target => ({ ref, replaces: null })),
    ]);
    region.steps.push({ kind: "for", loop, trips: length, body: inner.steps });
  }

  #emitWhile(region: Region, group: FusionGroup, equation: EquationOf<"while">): void {
    const { condConsts, bodyConsts } = equation.params;
    const [bodyPlan, condPlan] = group.regions;
    const refs = (from: number, to: number): BufferRef[] =>
      equation.inputs.slice(from, to).map((x) => this.#refOf(region, x));
    const forCond = refs(0, condConsts);
    const forBody = refs(condConsts, condConsts + bodyConsts);
    const carry = this.#initialCarry(
      region,
      equation.inputs.slice(condConsts + bodyConsts),
      equation.outputs,
    );
    const predicate = wholeBuffer(this.#table.add("temp", condPlan.graph.outputs[0].type, "predicate"));
    const cond = this.#inner(condPlan, [...forCond, ...carry]);
    this.#buildRegion(cond, [{ ref: predicate, replaces: null }]);
    const body = this.#inner(bodyPlan, [...forBody, ...carry]);
    this.#buildRegion(
      body,
      carry.map((ref, i): Target => ({ ref, replaces: bodyPlan.graph.inputs[bodyConsts + i] })),
    );
    region.steps.push({ kind: "while", cond: cond.steps, predicate, body: body.steps });
  }

  #emitCond(region: Region, group: FusionGroup, equation: EquationOf<"cond">): void {
    const index = this.#refOf(region, equation.inputs[0]);
    const operands = equation.inputs.slice(1).map((x) => this.#refOf(region, x));
    const results = equation.outputs.map((v) => this.#place(region, v));
    const cases = group.regions.map((plan) => {
      const branch = this.#inner(plan, operands);
      this.#buildRegion(
        branch,
        results.map((ref): Target => ({ ref, replaces: null })),
      );
      return branch.steps;
    });
    region.steps.push({ kind: "branch", index, cases });
  }
}

function nameOf(group: FusionGroup): string {
  const { roots, parts } = group;
  if (parts.length > 0) return `${nameOf(parts[parts.length - 1])}_and_${parts.length - 1}_more`;
  if (group.kind === "rows") return `rows_${roots[roots.length - 1].op}`;
  const chosen = roots.find((e) => primitiveOf(e.op).lower.kind === "reduce") ?? roots[roots.length - 1];
  return chosen.op;
}

/** Whether a hand-written kernel says that it can work in the operand's own buffer. */
function customTakesOver(equation: Equation, operand: Value, result: Value): boolean {
  const { lower } = primitiveOf(equation.op);
  if (lower.kind !== "custom") return false;
  return (lower.inPlace ?? []).some(
    ([output, input]) =>
      equation.outputs[output] === result &&
      equation.inputs[input] === operand &&
      equation.inputs.filter((x) => x === operand).length === 1,
  );
}

function scratchType(dtype: TensorType["dtype"], size: number): TensorType {
  return { dtype, shape: [size], size, text: `scratch ${dtype} ${size}` };
}
