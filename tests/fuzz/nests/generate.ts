/** Draws random programs: nests of transformations and control flow over random bodies. */
import type { Random } from "../../helpers/random.ts";
import { inferStep } from "./evaluate.ts";
import { OPERATIONS } from "./operations.ts";
import {
  type Attributes,
  type Block,
  type Program,
  type Shape,
  type Step,
  sameShape,
  sizeOf,
  type Variable,
} from "./program.ts";

const SHAPES: readonly Shape[] = [
  [],
  [],
  [1],
  [2],
  [3],
  [5],
  [2, 3],
  [3, 1],
  [1, 4],
  [2, 2],
  [4, 3],
  [2, 1, 3],
  [0],
  [2, 0],
];
const OPERATION_NAMES = Object.keys(OPERATIONS).filter((name) => name !== "fit");
/** Elements of a Jacobian, and of an argument that a gradient is taken for. */
const MOST = 64;

/** What may stand in a block, by what is around it. */
interface Place {
  readonly depth: number;
  /** Inside a reverse-mode derivative, where loops of unknown length have none. */
  readonly reverse: boolean;
  /** Inside a forward-mode derivative, where functions with a rule for reverse mode alone have none. */
  readonly forward: boolean;
}

export function generateProgram(random: Random): Program {
  return new Generator(random).program();
}

class Generator {
  readonly #random: Random;
  #next = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): Program {
    const random = this.#random;
    const dtype = random.chance(0.2) ? "float32" : "float64";
    const params = Array.from({ length: 1 + random.below(3) }, () => this.#variable(random.pick(SHAPES)));
    const place = { depth: 2 + random.below(3), reverse: random.chance(0.7), forward: random.chance(0.5) };
    const block = new BlockMaker(this, random, [], params, place);
    for (let i = 2 + random.below(4); i > 0; i--) block.grow();
    block.nest();
    return { dtype, main: block.finish(block.recent(1 + random.below(2))) };
  }

  variable = (shape: Shape): Variable => this.#variable(shape);

  #variable(shape: Shape): Variable {
    return { id: this.#next++, shape };
  }
}

class BlockMaker {
  readonly #owner: Generator;
  readonly #random: Random;
  readonly #params: readonly Variable[];
  readonly #place: Place;
  /** All that may be used, with what is around the block. */
  readonly #pool: Variable[];
  readonly #steps: Step[] = [];

  constructor(
    owner: Generator,
    random: Random,
    around: readonly Variable[],
    params: readonly Variable[],
    place: Place,
  ) {
    this.#owner = owner;
    this.#random = random;
    this.#params = params;
    this.#place = place;
    this.#pool = [...around, ...params];
  }

  finish(results: readonly Variable[]): Block {
    return { params: this.#params, steps: this.#steps, results: results.map((v) => v.id) };
  }

  /** The newest variables, or else any. */
  recent(count: number): Variable[] {
    const recent = this.#pool.slice(-Math.max(count, 4));
    return Array.from({ length: count }, (_, i) =>
      i === 0 ? this.#pool[this.#pool.length - 1] : this.#random.pick(recent),
    );
  }

  /** Adds a step: mostly an operation, sometimes a nest. */
  grow(): void {
    if (this.#pool.length === 0 || !(this.#place.depth > 0 && this.#random.chance(0.3))) this.#operation();
    else this.nest();
  }

  #emit(
    op: string,
    args: readonly Variable[],
    attributes: Attributes = {},
    blocks: readonly Block[] = [],
  ): Variable[] {
    const step = { op, args: args.map((v) => v.id), attributes, blocks, outs: [] };
    const shapes = inferStep(step, new Map(this.#pool.map((v) => [v.id, v.shape])));
    if (shapes === null) throw new Error(`the generator made a wrong ${op}`);
    const outs = shapes.map(this.#owner.variable);
    this.#steps.push({ ...step, outs });
    this.#pool.push(...outs);
    return outs;
  }

  #operation(): void {
    const shapes = this.#pool.map((v) => v.shape);
    for (let tries = 0; tries < 8; tries++) {
      const op = this.#random.pick(OPERATION_NAMES);
      const drawn = OPERATIONS[op].draw(this.#random, shapes);
      if (drawn === null) continue;
      const args = drawn.args.map((i) => this.#pool[i]);
      if (
        OPERATIONS[op].infer(
          args.map((v) => v.shape),
          drawn.attributes,
        ) === null
      )
        continue;
      this.#emit(op, args, drawn.attributes);
      return;
    }
  }

  /** A variable of a shape, made from any; null where elements would have to come from nothing. */
  #fitting(shape: Shape): Variable | null {
    const same = this.#pool.filter((v) => sameShape(v.shape, shape));
    if (same.length > 0 && this.#random.chance(0.7)) return this.#random.pick(same);
    const sources = this.#pool.filter((v) => sizeOf(v.shape) > 0 || sizeOf(shape) === 0);
    if (sources.length === 0) return same.length > 0 ? same[0] : null;
    return this.#emit("fit", [this.#random.pick(sources)], { shape })[0];
  }

  /** A block of these parameters; `results` have shapes where that matters. It ends tame, so that values stay small. */
  #block(
    params: readonly Shape[],
    results: readonly (Shape | null)[],
    place: Partial<Place>,
    closed = false,
  ): Block | null {
    const variables = params.map(this.#owner.variable);
    const inside = { ...this.#place, ...place, depth: this.#place.depth - 1 };
    const maker = new BlockMaker(this.#owner, this.#random, closed ? [] : this.#pool, variables, inside);
    for (let i = 1 + this.#random.below(4); i > 0; i--) maker.grow();
    const found: Variable[] = [];
    for (const shape of results) {
      const result = shape === null ? maker.recent(1)[0] : maker.#fitting(shape);
      if (result === null) return null;
      found.push(
        this.#random.chance(0.7) ? maker.#emit(this.#random.pick(["tanh", "sin"]), [result])[0] : result,
      );
    }
    return maker.finish(found);
  }

  #pick(count: number, fits: (shape: Shape) => boolean = () => true): Variable[] {
    const candidates = this.#pool.filter((v) => fits(v.shape));
    return candidates.length === 0 ? [] : Array.from({ length: count }, () => this.#random.pick(candidates));
  }

  /** Adds a nest, if one is found that fits. */
  nest(): void {
    const { reverse, forward } = this.#place;
    const kinds = [
      "jit",
      "checkpoint",
      "vmap",
      "vmap",
      "scan",
      "scan",
      "cond",
      "fori",
      "customJvp",
      "vjp",
      "grad",
      "grad",
    ];
    if (!reverse) kinds.push("while");
    if (!forward) kinds.push("customVjp");
    kinds.push("jvp", "linearize", "jacfwd", "jacrev", "hessian");
    for (let tries = 0; tries < 4; tries++) if (this.#tryNest(this.#random.pick(kinds))) return;
  }

  #tryNest(kind: string): boolean {
    const random = this.#random;
    const count = 1 + random.below(2);
    const shapesOf = (variables: readonly Variable[]): Shape[] => variables.map((v) => v.shape);
    const results = (): null[] => Array.from({ length: 1 + random.below(2) }, () => null);
    switch (kind) {
      case "jit":
      case "checkpoint": {
        const args = this.#pick(count);
        const block = this.#block(shapesOf(args), results(), {});
        return block !== null && this.#add(kind, args, {}, [block]);
      }
      case "vmap":
        return this.#vmap();
      case "grad": {
        const args = this.#pick(count, (shape) => sizeOf(shape) <= 12);
        const block = args.length === 0 ? null : this.#block(shapesOf(args), [null], { reverse: true });
        const argnums = args.map((_, i) => i).filter((i) => i === 0 || random.chance(0.5));
        return block !== null && this.#add(kind, args, { argnums }, [block]);
      }
      case "vjp": {
        const args = this.#pick(count, (shape) => sizeOf(shape) <= 12);
        const block = args.length === 0 ? null : this.#block(shapesOf(args), results(), { reverse: true });
        if (block === null) return false;
        const cotangents = this.#resultShapes(block).map((shape) => this.#fitting(shape));
        return cotangents.every((v) => v !== null) && this.#add(kind, [...args, ...cotangents], {}, [block]);
      }
      case "jvp":
      case "linearize": {
        const args = this.#pick(count);
        const block = this.#block(shapesOf(args), results(), { forward: true });
        const tangents = args.map((v) => this.#fitting(v.shape));
        if (block === null || !tangents.every((v) => v !== null)) return false;
        return this.#add(kind, [...args, ...tangents], {}, [block]);
      }
      case "jacfwd":
      case "jacrev":
      case "hessian": {
        const args = this.#pick(1, (shape) => sizeOf(shape) <= 6);
        if (args.length === 0) return false;
        const mode = { reverse: kind !== "jacfwd", forward: kind !== "jacrev" };
        const modes = {
          reverse: this.#place.reverse || mode.reverse,
          forward: this.#place.forward || mode.forward,
        };
        const block = this.#block(shapesOf(args), [null], modes);
        if (block === null) return false;
        const size = sizeOf(this.#resultShapes(block)[0]) * sizeOf(args[0].shape);
        return size <= MOST && this.#add(kind, args, {}, [block]);
      }
      case "customJvp":
      case "customVjp": {
        const args = this.#pick(1);
        const shape = args[0].shape;
        const blocks = [0, 1].map(() => this.#block([shape], [shape], {}, true));
        return blocks.every((b) => b !== null) && this.#add(kind, args, {}, blocks);
      }
      case "scan": {
        const length = random.pick([0, 1, 2, 3, 3]);
        const carries = this.#pick(random.below(3));
        const xs = this.#pick(random.below(3), (shape) => shape.length > 0 && shape[0] === length);
        if (carries.length + xs.length === 0) return false;
        const params = [...shapesOf(carries), ...xs.map((v) => v.shape.slice(1))];
        const ys = Array.from({ length: random.below(2) }, () => null);
        const block = this.#block(params, [...shapesOf(carries), ...ys], {});
        const attributes = { carries: [carries.length], length: [length], reverse: [random.below(2)] };
        return block !== null && this.#add(kind, [...carries, ...xs], attributes, [block]);
      }
      case "fori": {
        const carry = this.#pick(count);
        const block = this.#block([[], ...shapesOf(carry)], shapesOf(carry), {});
        const start = random.below(2);
        return block !== null && this.#add(kind, carry, { range: [start, start + random.below(4)] }, [block]);
      }
      case "while": {
        const [limit] = this.#pick(1);
        const carry = this.#pick(count);
        const block = this.#block(shapesOf(carry), shapesOf(carry), {});
        return block !== null && this.#add(kind, [limit, ...carry], {}, [block]);
      }
      case "cond": {
        const [predicate] = this.#pick(1);
        const args = this.#pick(random.below(3));
        const shapes = results().map(() => random.pick(this.#pool).shape);
        const blocks = Array.from({ length: 2 + random.below(2) }, () =>
          this.#block(shapesOf(args), shapes, {}),
        );
        return blocks.every((b) => b !== null) && this.#add(kind, [predicate, ...args], {}, blocks);
      }
    }
    return false;
  }

  #add(kind: string, args: readonly Variable[], attributes: Attributes, blocks: readonly Block[]): boolean {
    this.#emit(kind, args, attributes, blocks);
    return true;
  }

  #resultShapes(block: Block): Shape[] {
    const known = new Map(this.#pool.map((v) => [v.id, v.shape]));
    for (const v of [...block.params, ...block.steps.flatMap((step) => step.outs)]) known.set(v.id, v.shape);
    return block.results.map((id) => known.get(id) ?? []);
  }

  #vmap(): boolean {
    const random = this.#random;
    const mapped = this.#pick(1, (shape) => shape.length > 0);
    if (mapped.length === 0) return false;
    const axis = random.below(mapped[0].shape.length);
    const size = mapped[0].shape[axis];
    const others = this.#pick(random.below(3));
    const args = [...mapped, ...others];
    const inAxes = [axis, ...others.map(({ shape }) => (random.chance(0.5) ? shape.indexOf(size) : -1))];
    const params = args.map(({ shape }, i) => shape.filter((_, k) => k !== inAxes[i]));
    const block = this.#block(
      params,
      Array.from({ length: 1 + random.below(2) }, () => null),
      {},
    );
    if (block === null) return false;
    const shapes = this.#resultShapes(block);
    if (shapes.some((shape) => sizeOf(shape) * size > 2 * MOST)) return false;
    const outAxes = shapes.map((shape) => random.below(shape.length + 1));
    return this.#add("vmap", args, { inAxes, outAxes, size: [size] }, [block]);
  }
}
