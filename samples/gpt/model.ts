/** A small GPT (Radford et al. 2019): a transformer of causal attention alone, in the manner of Flax. */
import { jit, lax, type NdArray, nn, numpy as np, optim, random, tree, valueAndGrad, vmap } from "weft";
import type { Generate } from "../text/write.ts";

export interface Config {
  readonly vocabSize: number;
  /** How many characters it sees at most. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly features: number;
  readonly dropoutRate: number;
}

/** How a training goes. */
export interface Training {
  readonly batchSize: number;
  readonly steps: number;
  /** Steps of one compiled call. */
  readonly stepsPerCall: number;
  /** Steps in which the learning rate rises from zero; then it falls along a cosine, to a tenth. */
  readonly warmupSteps: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

export type State = optim.TrainState<nn.VariableTree> & { readonly key: NdArray };

/** Attention, then a layer that is four times as wide and back: each behind a normalisation, and added to what there was. */
export class Block extends nn.Module {
  /** Parameters go into files by this name: a bundler may give the class another. */
  static readonly moduleName = "Block";
  readonly config: Config;
  readonly decode: boolean;

  constructor(config: Config, decode: boolean) {
    super();
    this.config = config;
    this.decode = decode;
  }

  call(x: NdArray, mask: NdArray | null, { train = false }: { train?: boolean } = {}): NdArray {
    const { heads: numHeads, features, dropoutRate } = this.config;
    const deterministic = !train;
    let y = new nn.LayerNorm().call(x);
    const attention = new nn.MultiHeadDotProductAttention({ numHeads, dropoutRate, decode: this.decode });
    y = attention.call(y, { mask, deterministic, sowWeights: true });
    x = x.add(new nn.Dropout(dropoutRate).call(y, { deterministic }));
    y = new nn.LayerNorm().call(x);
    y = new nn.Dense({ features: 4 * features }).call(y);
    y = new nn.Dense({ features }).call(nn.gelu(y));
    return x.add(new nn.Dropout(dropoutRate).call(y, { deterministic }));
  }
}

export class GPT extends nn.Module {
  readonly config: Config;
  readonly decode: boolean;

  /** @param decode whether one character at a time is read, with the keys and values of those before in a cache */
  constructor(config: Config, { decode = false }: { decode?: boolean } = {}) {
    super();
    this.config = config;
    this.decode = decode;
  }

  /**
   * The scores of each next character, f32[batch, time, vocabSize], from i32[batch, time].
   *
   * @param start the place of the first of them in the context
   */
  call(tokens: NdArray, start: NdArray | number = 0, { train = false }: { train?: boolean } = {}): NdArray {
    const { vocabSize, context, layers, features, dropoutRate } = this.config;
    const positions = np.arange(tokens.shape[1]!).add(start);
    const embedding = new nn.Embed({ numEmbeddings: vocabSize, features }).call(tokens);
    let x = embedding.add(new nn.Embed({ numEmbeddings: context, features }).call(positions));
    x = new nn.Dropout(dropoutRate).call(x, { deterministic: !train });
    const mask = this.decode ? null : nn.makeCausalMask(tokens);
    for (let i = 0; i < layers; i++) x = new Block(this.config, this.decode).call(x, mask, { train });
    x = new nn.LayerNorm().call(x);
    return new nn.Dense({ features: vocabSize }).call(x);
  }
}

/** The mean loss of foretelling each character of i32[batch, time + 1] but the first, in nats; with a key, with dropout. */
export function lossFn(
  model: GPT,
  params: nn.VariableTree,
  batch: NdArray,
  dropoutKey: NdArray | null = null,
): NdArray {
  const [inputs, targets] = [batch.slice(":", [null, -1]), batch.slice(":", [1, null])];
  const train = dropoutKey !== null;
  const rngs = train ? { dropout: dropoutKey } : null;
  const logits = model.apply({ params }, inputs, 0, { train, rngs });
  return optim.softmaxCrossEntropyWithIntegerLabels(logits, targets).mean();
}

/** Pieces of the text from random places: i32[batchSize, context + 1]. */
export function getBatch(key: NdArray, text: NdArray, batchSize: number, context: number): NdArray {
  const starts = random.randint(key, [batchSize], 0, text.shape[0]! - context);
  return vmap((start: NdArray) => lax.dynamicSlice(text, [start], [context + 1]))(starts);
}

export function createState(model: GPT, key: NdArray, training: Training): State {
  const { steps, warmupSteps, learningRate, weightDecay } = training;
  const [initKey, trainKey] = random.split(key);
  const { params } = model.init(initKey!, np.zeros([1, model.config.context], { dtype: "int32" }));
  const schedule = optim.warmupCosineDecaySchedule(0, learningRate, warmupSteps, steps, {
    endValue: learningRate / 10,
  });
  const tx = optim.chain(optim.clipByGlobalNorm(1), optim.adamw(schedule, { weightDecay }));
  return optim.TrainState.create({
    applyFn: model.apply,
    params: params,
    tx,
    key: trainKey!,
  });
}

/** A number of training steps as one compiled loop: to the next state and the losses, f32[stepsPerCall]. */
export function trainerOf(model: GPT, { batchSize, stepsPerCall }: Training) {
  return jit(
    (start: State, text: NdArray): [State, NdArray] =>
      lax.scan(
        (state: State): [State, NdArray] => {
          const [batchKey, dropoutKey] = random.split(random.foldIn(state.key, state.step));
          const batch = getBatch(batchKey!, text, batchSize, model.config.context);
          const [loss, grads] = valueAndGrad((params: nn.VariableTree) =>
            lossFn(model, params, batch, dropoutKey!),
          )(state.params);
          return [state.applyGradients({ grads }), loss];
        },
        start,
        null,
        { length: stepsPerCall },
      ),
    { name: "train", donateArgnums: [0] },
  );
}

/** A character from scores f32[vocabSize], sharper below temperature 1, of the `topK` likeliest alone. */
export function sample(key: NdArray, logits: NdArray, temperature: NdArray, topK: NdArray): NdArray {
  const least = np.sort(logits).slice(np.subtract(logits.size, topK));
  const kept = np.where(logits.less(least), Number.NEGATIVE_INFINITY, logits);
  return random.categorical(key, kept.div(temperature)).astype("int32");
}

/** What is handed from step to step of the generation. */
interface Written {
  readonly cache: nn.VariableTree;
  readonly token: NdArray;
}

/**
 * A whole context as one compiled loop, i32[context + 1]: the first `given` characters of the prompt i32[context], then what
 * is drawn. Each step reads one character; the keys and values of those before it are in the cache.
 */
export function generatorOf(config: Config) {
  const { context } = config;
  const model = new GPT(config, { decode: true });
  const generate: Generate<nn.VariableTree> = (params, prompt, given, { key, temperature, topK }) => {
    const { cache } = model.init(key, np.zeros([1, context], { dtype: "int32" }));
    const step = (
      { cache, token }: Written,
      [i, key, following]: readonly [NdArray, NdArray, NdArray],
    ): [Written, NdArray] => {
      const inputs = token.reshape([1, 1]);
      const [logits, changed] = model.apply({ params, cache }, inputs, i, { mutable: ["cache"] });
      const drawn = sample(key, logits.slice(0, -1), temperature, topK);
      const next = np.where(i.add(1).less(given), following, drawn);
      return [{ cache: changed.cache, token: next }, next];
    };
    const start: Written = { cache: cache, token: prompt.slice(0) };
    const places = [np.arange(context), random.split(key, context), np.roll(prompt, -1)] as const;
    const [, tokens] = lax.scan(step, start, places);
    return np.concatenate([prompt.slice([null, 1]), tokens]);
  };
  return jit(generate, { name: "generate" });
}

/** Where each character looks, in each block: [layers][f32[heads, time, time]]. */
export function attentionOf(model: GPT, params: nn.VariableTree, tokens: NdArray): NdArray[] {
  const [, { intermediates }] = model.apply({ params }, tokens.reshape([1, -1]), 0, {
    mutable: ["intermediates"],
  });
  // One array of weights per block, f32[1, heads, time, time], in the order of the blocks.
  return tree.leaves(intermediates).map((weights) => (weights as NdArray).slice(0));
}
