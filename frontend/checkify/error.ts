/** What checkify returns of the checks of a function: a value like others, a node of trees. */

import { formatSource, type SourceRef } from "../../compiler/types/source.ts";
import type { TensorType } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "../core/index.ts";
import { registerPytreeNode } from "../tree/tree.ts";

/** A place where something is checked. */
export interface Site {
  /** Number of the site, from 1. */
  readonly code: number;
  /** What to say; `{name}` stands for a value. */
  readonly message: string;
  readonly source: SourceRef | null;
  /** Values in the message, by name, and where they are among the values kept. */
  readonly values: readonly { readonly name: string; readonly slot: number }[];
}

/** All places of a function: shared by the errors it returns, and compared by identity. */
export class Sites {
  readonly list: Site[] = [];
  /** Types of the values kept for messages. */
  readonly slots: TensorType[] = [];

  add(
    message: string,
    source: SourceRef | null,
    values: readonly { name: string; type: TensorType }[],
  ): Site {
    const site = {
      code: this.list.length + 1,
      message,
      source,
      values: values.map(({ name, type }) => ({ name, slot: this.slots.push(type) - 1 })),
    };
    this.list.push(site);
    return site;
  }
}

/** A check that failed, thrown by `CheckError.throw()` (`jax.experimental.checkify.JaxRuntimeError`). */
export class CheckFailedError extends Error {
  override name = "CheckFailedError";
}

/** Whether and how checks failed (`jax.experimental.checkify.Error`). */
export class CheckError {
  constructor(
    /** Number of the first check that failed, 0 for none: int32[], with the batch axes of vmap in front. */
    readonly code: NdArray,
    readonly values: readonly NdArray[],
    readonly sites: Sites,
  ) {}

  /** The message of the first failed check, or null. Under vmap, those of all examples that failed, a line each. */
  get(): string | null {
    const codes = this.code.dataSync();
    const { shape } = this.code;
    const lines: string[] = [];
    for (const [i, code] of codes.entries()) {
      if (code === 0) continue;
      const text = this.#describe(code, i, codes.length);
      lines.push(shape.length === 0 ? text : `at mapped index ${indexText(i, shape)}: ${text}`);
    }
    return lines.length === 0 ? null : lines.join("\n");
  }

  /** Throws CheckFailedError if a check failed. */
  throw(): void {
    const message = this.get();
    if (message !== null) throw new CheckFailedError(message);
  }

  #describe(code: number, example: number, examples: number): string {
    const site = this.sites.list[code - 1];
    let text = site.message;
    for (const { name, slot } of site.values) {
      const data = this.values[slot].dataSync();
      const size = data.length / examples;
      const own = [...data.slice(example * size, (example + 1) * size)];
      text = text.replaceAll(`{${name}}`, own.length === 1 ? `${own[0]}` : `[${own.join(", ")}]`);
    }
    const location = site.source?.resolve();
    return location
      ? `${text}\n  at ${formatSource(location)} (${location.file}:${location.line}:${location.column})`
      : text;
  }
}

function indexText(at: number, shape: readonly number[]): string {
  const index: number[] = [];
  for (const n of shape.toReversed()) {
    index.unshift(at % n);
    at = Math.floor(at / n);
  }
  return index.join(", ");
}

registerPytreeNode(
  CheckError,
  (error) => ({
    children: [error.code, ...error.values],
    keys: ["code", ...error.values.map((_, i) => `value${i}`)],
    aux: error.sites,
  }),
  // Trees are rebuilt with whatever stands for an array.
  ([code, ...values], sites) => new CheckError(code as NdArray, values as NdArray[], sites as Sites),
);
