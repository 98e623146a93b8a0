/** Errors of modules, named and worded as in `flax/errors.py`, each followed by the way out. */
import { formatShape } from "../../../core/index.ts";

/** What all errors of modules are (`flax.errors.FlaxError`). */
export class FlaxError extends Error {
  override name = "FlaxError";
  constructor(message: string, hint = "") {
    super(hint === "" ? message : `${message}\n${hint}`);
  }
}

/** Keys that are none, or one that is missing. */
export class InvalidRngError extends FlaxError {
  override name = "InvalidRngError";
}

export class ApplyScopeInvalidVariablesTypeError extends FlaxError {
  override name = "ApplyScopeInvalidVariablesTypeError";
  constructor() {
    super(
      "The first argument passed to an apply function should be a dictionary of collections. Each collection should " +
        "be a dictionary with string keys.",
      "Pass what init gave, such as { params: { … } }.",
    );
  }
}

export class ApplyScopeInvalidVariablesStructureError extends FlaxError {
  override name = "ApplyScopeInvalidVariablesStructureError";
  constructor() {
    super(
      'Expect the `variables` (first argument) passed to apply() to be a dict with the structure {"params": ...}, but ' +
        'got a dict with an extra params layer, i.e.  {"params": {"params": ... } }. You should instead pass in your ' +
        `dict's ["params"].`,
    );
  }
}

export class ScopeParamNotFoundError extends FlaxError {
  override name = "ScopeParamNotFoundError";
  constructor(param: string, scope: string, known: readonly string[]) {
    super(
      `Could not find parameter named "${param}" in scope "${scope}".`,
      known.length === 0
        ? "There is nothing at that path: were the variables made by the same module?"
        : `What is there: ${known.join(", ")}.`,
    );
  }
}

export class ScopeCollectionNotFound extends FlaxError {
  override name = "ScopeCollectionNotFound";
  constructor(collection: string, variable: string, scope: string) {
    super(
      `Tried to access "${variable}" from collection "${collection}" in "${scope}" but the collection is empty.`,
      `Pass the variables that init gave: { ${collection}: … }, and not what is inside of them.`,
    );
  }
}

export class ScopeParamShapeError extends FlaxError {
  override name = "ScopeParamShapeError";
  constructor(param: string, scope: string, found: readonly number[], expected: readonly number[]) {
    super(
      `For parameter "${param}" in "${scope}", the given initializer is expected to generate shape ` +
        `${formatShape(expected)}, but the existing parameter it received has shape ${formatShape(found)}.`,
    );
  }
}

export class ScopeVariableNotFoundError extends FlaxError {
  override name = "ScopeVariableNotFoundError";
  constructor(variable: string, collection: string, scope: string) {
    super(`No Variable named "${variable}" for collection "${collection}" exists in "${scope}".`);
  }
}

export class InvalidFilterError extends FlaxError {
  override name = "InvalidFilterError";
  constructor(filter: unknown) {
    super(
      `Invalid Filter: "${String(filter)}"`,
      "It should be true, false, a collection's name, a list of names, or a DenyList.",
    );
  }
}

export class InvalidScopeError extends FlaxError {
  override name = "InvalidScopeError";
  constructor(scope: string) {
    super(
      `The scope "${scope}" is no longer valid.`,
      "A submodule lives as long as the init or apply that it was made in.",
    );
  }
}

export class ModifyScopeVariableError extends FlaxError {
  override name = "ModifyScopeVariableError";
  constructor(collection: string, variable: string, scope: string) {
    super(
      `Cannot update variable "${variable}" in "${scope}" because collection "${collection}" is immutable.`,
      `Say apply(variables, …, { mutable: ["${collection}"] }), which returns [result, changed variables].`,
    );
  }
}

export class JaxTransformError extends FlaxError {
  override name = "JaxTransformError";
  constructor() {
    super(
      "Jax transforms and Flax models cannot be mixed.",
      "Inside a module use nn.scan, nn.vmap, nn.remat and nn.jit, or make parameters and submodules outside of the " +
        "transformed function.",
    );
  }
}

export class NameInUseError extends FlaxError {
  override name = "NameInUseError";
  constructor(kind: "param" | "variable" | "submodule", name: string, module: string) {
    super(`Could not create ${kind} "${name}" in Module ${module}: Name in use.`);
  }
}

export class AssignSubModuleError extends FlaxError {
  override name = "AssignSubModuleError";
  constructor(module: string) {
    super(
      `Submodule ${module} must be defined in \`setup()\` or in a method wrapped in \`@compact\``,
      "`call` is compact by itself; other methods are with nn.compact.",
    );
  }
}

export class SetAttributeFrozenModuleError extends FlaxError {
  override name = "SetAttributeFrozenModuleError";
  constructor(module: string, attribute: string, value: string) {
    super(
      `Can't set ${attribute}=${value} for Module of type ${module}: Module instance is frozen outside of setup method.`,
      "Keep state in variables (`this.variable`), and hand intermediate values out with `this.sow`.",
    );
  }
}

export class ApplyModuleInvalidMethodError extends FlaxError {
  override name = "ApplyModuleInvalidMethodError";
  constructor(method: string) {
    super(`Cannot call apply(): ${method} is not a valid function for apply().`);
  }
}

export class CallCompactUnboundModuleError extends FlaxError {
  override name = "CallCompactUnboundModuleError";
  constructor(module: string) {
    super(
      "Can't call compact methods on unbound modules",
      `${module} has no parameters here: call it through init, apply or bind, or make it inside of another module.`,
    );
  }
}

export class CallUnbindOnUnboundModuleError extends FlaxError {
  override name = "CallUnbindOnUnboundModuleError";
  constructor() {
    super("Can't call `unbind()` on unbound modules");
  }
}
