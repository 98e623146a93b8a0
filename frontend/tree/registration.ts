/** Classes as nodes of trees, by their fields or as wholes (`jax.tree_util.register_*`). */
import { WeftTypeError } from "../../compiler/types/errors.ts";
import { registerPytreeNode } from "./tree.ts";

type AnyClass<T extends object> = abstract new (...args: never[]) => T;

/**
 * Makes instances nodes whose children have names in key paths (`jax.tree_util.register_pytree_with_keys`). `flatten`
 * gives pairs of a name and a child, and data that is not a child, compared by structure.
 */
export function registerPytreeWithKeys<T extends object>(
  nodeClass: AnyClass<T>,
  flatten: (
    value: T,
  ) => readonly [children: readonly (readonly [key: string, child: unknown])[], aux?: unknown],
  unflatten: (aux: unknown, children: readonly unknown[]) => T,
): void {
  registerPytreeNode(
    nodeClass,
    (value) => {
      const [children, aux] = flatten(value);
      return { children: children.map(([, child]) => child), keys: children.map(([key]) => key), aux };
    },
    (children, aux) => unflatten(aux, children),
  );
}

/** A class that knows how its instances come apart: `[children, aux]`, and back. */
export interface PytreeNodeClass<T extends object> {
  new (...args: never[]): T & { treeFlatten(): readonly [children: readonly unknown[], aux?: unknown] };
  treeUnflatten(aux: unknown, children: readonly unknown[]): T;
}

/** Registers a class by its own methods, and returns it (`jax.tree_util.register_pytree_node_class`). */
export function registerPytreeNodeClass<T extends object, C extends PytreeNodeClass<T>>(nodeClass: C): C {
  registerPytreeNode(
    nodeClass,
    (value) => {
      const [children, aux] = value.treeFlatten();
      return { children, aux };
    },
    (children, aux) => nodeClass.treeUnflatten(aux, children) as InstanceType<C>,
  );
  return nodeClass;
}

/** Which fields of a registered class are children, and which are part of its structure. */
export interface DataclassFields<T extends object> {
  /** Fields that are children; default all that an instance has of its own and `metaFields` does not name. */
  readonly dataFields?: readonly (keyof T & string)[];
  /** Fields that are part of the structure: compared, not traced. */
  readonly metaFields?: readonly (keyof T & string)[];
}

/**
 * Registers a class of public fields (`jax.tree_util.register_dataclass`) and returns it. Instances are rebuilt without
 * calling the constructor, from the prototype and the fields: private ones (`#x`) would be lost, so a class with state in
 * those takes registerPytreeNode.
 */
export function registerDataclass<T extends object, C extends AnyClass<T>>(
  nodeClass: C & AnyClass<T>,
  { dataFields, metaFields = [] }: DataclassFields<T> = {},
): C {
  const meta: ReadonlySet<string> = new Set(metaFields);
  const twice = dataFields?.find((name) => meta.has(name));
  if (twice !== undefined) {
    throw new WeftTypeError(
      `registerDataclass: field ${twice} of ${nodeClass.name} is in both dataFields and metaFields`,
    );
  }
  const prototype: object = nodeClass.prototype;
  registerPytreeNode(
    nodeClass,
    (value) => {
      const keys = dataFields ?? Object.keys(value).filter((name) => !meta.has(name));
      return {
        children: keys.map((name) => Reflect.get(value, name)),
        keys,
        aux: { keys, meta: metaFields.map((name) => Reflect.get(value, name)) },
      };
    },
    (children, aux) => {
      const { keys, meta: values } = aux as { keys: readonly string[]; meta: readonly unknown[] };
      const made = Object.create(prototype) as T;
      for (const [i, name] of keys.entries()) Reflect.set(made, name, children[i]);
      for (const [i, name] of metaFields.entries()) Reflect.set(made, name, values[i]);
      return made;
    },
  );
  return nodeClass;
}

/**
 * Makes instances part of the structure, without leaves (`jax.tree_util.register_static`), and returns the class.
 * Instances are equal if they are the same, or if their method `equals` says so.
 */
export function registerStatic<T extends object, C extends AnyClass<T>>(nodeClass: C & AnyClass<T>): C {
  registerPytreeNode(
    nodeClass,
    (value) => ({ children: [], aux: value }),
    (_, aux) => aux as T,
  );
  return nodeClass;
}
