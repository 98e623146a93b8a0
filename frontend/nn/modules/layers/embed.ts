/** Embeddings (`flax.linen.Embed`). */
import { type DType, isInteger } from "../../../../compiler/types/dtype.ts";
import { convert, type NdArray, WeftValueError } from "../../../core/index.ts";
import { broadcastTo } from "../../../lax/operands.ts";
import { dot, matrixTranspose } from "../../../numpy/index.ts";
import { take } from "../../../numpy/take.ts";
import { type Initializer, varianceScaling } from "../../initializers.ts";
import { Module, type ModuleOptions } from "../core/module.ts";
import { type DTypeOptions, promoteDtype } from "./dtypes.ts";
import { isOptionsObject, withPositional } from "./options.ts";

/** Options of `Embed`. */
export interface EmbedOptions extends ModuleOptions, DTypeOptions {
  /** How many vectors there are: inputs are 0 … numEmbeddings − 1. */
  readonly numEmbeddings: number;
  /** Extent of each vector. */
  readonly features: number;
  /** Default: normal with variance 1 / features. */
  readonly embeddingInit?: Initializer;
}

const defaultEmbedInit = varianceScaling(1, "fan_in", "normal", { outAxis: 0 });

/**
 * Vectors by integers: [...] → [..., features]. Parameter: embedding [numEmbeddings, features]. As in JAX, a number that is
 * out of range gives NaN.
 */
export class Embed extends Module {
  static readonly moduleName: string = "Embed";
  readonly options: EmbedOptions;
  protected embedding!: NdArray;

  constructor(
    numEmbeddings: number | EmbedOptions,
    features = 0,
    options: Omit<EmbedOptions, "numEmbeddings" | "features"> = {},
  ) {
    const more = { features, ...options };
    const all = withPositional<EmbedOptions, "numEmbeddings">(
      "numEmbeddings",
      numEmbeddings,
      more,
      isOptionsObject,
    );
    super(all);
    this.options = all;
  }

  setup(): void {
    const {
      numEmbeddings,
      features,
      embeddingInit = defaultEmbedInit,
      paramDtype = "float32",
    } = this.options;
    this.embedding = this.param("embedding", embeddingInit, [numEmbeddings, features], paramDtype);
  }

  call(inputs: NdArray): NdArray {
    if (!isInteger(inputs.dtype)) {
      throw new WeftValueError(`Input type must be an integer or unsigned integer, got ${inputs.dtype}.`);
    }
    const { numEmbeddings, features } = this.options;
    const dtype: DType | null = this.options.dtype ?? null;
    const embedding = dtype === null ? this.embedding : convert(this.embedding, dtype);
    if (numEmbeddings === 1) return broadcastTo(embedding, [...inputs.shape, features]);
    return take(embedding, inputs, { axis: 0 });
  }

  /** The products of queries with all vectors: [..., features] → [..., numEmbeddings]; for tied output weights. */
  attend(query: NdArray): NdArray {
    const [q, embedding] = promoteDtype([query, this.embedding] as const, this.options.dtype ?? null);
    return dot(q, matrixTranspose(embedding));
  }
}
