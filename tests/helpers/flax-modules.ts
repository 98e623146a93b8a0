/** The modules that golden cases name by specs; tests/golden/cases/_flax.py builds the same with Flax. */
import { NdArray, nn, random } from "weft";

export type Spec =
  | string
  | number
  | boolean
  | null
  | NdArray
  | readonly Spec[]
  | { readonly [option: string]: Spec };
type Options = Readonly<Record<string, unknown>>;
type ModuleClass = new (options: never) => nn.Module;

/** The value that a spec describes. `models`: classes of the test's own. */
export function build(spec: Spec, models: Readonly<Record<string, ModuleClass>> = {}): unknown {
  if (typeof spec === "string" && spec.startsWith("fn.")) {
    const found: unknown = Reflect.get(nn, spec.slice(3));
    if (typeof found !== "function") throw new Error(`no function ${spec}`);
    return found;
  }
  if (typeof spec === "string" && spec.startsWith("init.")) return initializer(spec);
  if (Array.isArray(spec)) {
    const [name, ...rest]: readonly Spec[] = spec;
    if (typeof name === "string" && name.startsWith("init."))
      return Reflect.apply(initializer(name), undefined, rest);
    if (typeof name === "string" && /^[A-Z]/.test(name) && isClass(models[name] ?? Reflect.get(nn, name))) {
      const options = build(rest[0] ?? {}, models) as Options;
      return Reflect.construct((models[name] ?? Reflect.get(nn, name)) as ModuleClass, [options]);
    }
    return spec.map((each) => build(each, models));
  }
  if (typeof spec === "object" && spec !== null && !(spec instanceof NdArray)) {
    return Object.fromEntries(Object.entries(spec).map(([key, each]) => [key, build(each, models)]));
  }
  return spec;
}

function isClass(value: unknown): boolean {
  return typeof value === "function";
}

function initializer(name: string): (...args: readonly unknown[]) => unknown {
  const found: unknown = Reflect.get(nn.initializers, name.slice("init.".length));
  if (typeof found !== "function") throw new Error(`no initializer ${name}`);
  return (...args) => Reflect.apply(found, undefined, args);
}

/** init and apply of the modules that specs name, as `goldenFamily` takes them. */
export function moduleFunctions(models: Readonly<Record<string, ModuleClass>> = {}) {
  const made = (spec: Spec) => build(spec, models) as nn.Module & { call(...inputs: unknown[]): unknown };
  return {
    tabulate: (spec: Spec, inputs: NdArray[], options: Options = {}) =>
      made(spec).tabulate(random.key(0), ...inputs, { computeFlops: false, ...options }),
    init: (spec: Spec, keys: nn.Rngs, inputs: NdArray[], options?: Options) =>
      made(spec).init(keys, ...inputs, ...(options === undefined ? [] : [options])),
    apply: (
      spec: Spec,
      variables: nn.VariableDict,
      inputs: NdArray[],
      rngs: Record<string, random.KeyLike>,
      mutable: string[],
      options: Options = {},
    ) => {
      const run = { ...options, rngs };
      if (mutable.length === 0) return { out: made(spec).apply(variables, ...inputs, run) };
      const [out, changed] = made(spec).apply(variables, ...inputs, { ...run, mutable });
      return { out, variables: changed };
    },
  };
}
