/** The Transformer of "Attention Is All You Need" (Vaswani et al. 2017), encoder and decoder, in the manner of Flax. */
import { jit, lax, type NdArray, nn, numpy as np, optim, random, tree, valueAndGrad } from "weft";
import { SOURCE_LENGTH, START, TARGET_LENGTH, VOCAB_SIZE } from "./dates.ts";

export interface Config {
  /** Of the encoder, and of the decoder. */
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
  /** Steps in which the learning rate rises; then it falls as one over the root of their number. */
  readonly warmupSteps: number;
}

export type State = optim.TrainState<nn.VariableTree> & { readonly key: NdArray };

/** Sines and cosines of geometrically falling frequencies (section 3.5): f32[length, features]. */
export function positions(start: NdArray | number, length: number, features: number): NdArray {
  const places = np.arange(length).add(start);
  const rates = np.exp(np.arange(0, features, 2).mul(-Math.log(10000) / features));
  const angles = places.slice(":", null).mul(rates);
  return np.stack([np.sin(angles), np.cos(angles)], { axis: -1 }).reshape([length, features]);
}

/** Four times as wide, and back. */
export class FeedForward extends nn.Module {
  call(x: NdArray): NdArray {
    const features = x.shape.at(-1)!;
    const y = new nn.Dense({ features: 4 * features }).call(x);
    return new nn.Dense({ features }).call(nn.relu(y));
  }
}

/** Attention to all of the source, then a feed-forward network; each is added to what there was, and normalised. */
export class EncoderLayer extends nn.Module {
  readonly config: Config;

  constructor(config: Config) {
    super();
    this.config = config;
  }

  call(x: NdArray, mask: NdArray, train: boolean): NdArray {
    const { heads, dropoutRate } = this.config;
    const deterministic = !train;
    let y = new nn.MultiHeadDotProductAttention(heads).call(x, { mask });
    x = new nn.LayerNorm().call(x.add(new nn.Dropout(dropoutRate).call(y, { deterministic })));
    y = new FeedForward().call(x);
    return new nn.LayerNorm().call(x.add(new nn.Dropout(dropoutRate).call(y, { deterministic })));
  }
}

/** Attention to what is written so far, attention to the source, a feed-forward network. */
export class DecoderLayer extends nn.Module {
  readonly config: Config;
  readonly cached: boolean;

  constructor(config: Config, cached: boolean) {
    super();
    this.config = config;
    this.cached = cached;
  }

  call(x: NdArray, memory: NdArray, mask: NdArray | null, memoryMask: NdArray, train: boolean): NdArray {
    const { heads, dropoutRate } = this.config;
    const deterministic = !train;
    let y = new nn.MultiHeadDotProductAttention(heads, { decode: this.cached }).call(x, { mask });
    x = new nn.LayerNorm().call(x.add(new nn.Dropout(dropoutRate).call(y, { deterministic })));
    const attention = new nn.MultiHeadDotProductAttention(heads);
    y = attention.call(x, memory, { mask: memoryMask, sowWeights: true });
    x = new nn.LayerNorm().call(x.add(new nn.Dropout(dropoutRate).call(y, { deterministic })));
    y = new FeedForward().call(x);
    return new nn.LayerNorm().call(x.add(new nn.Dropout(dropoutRate).call(y, { deterministic })));
  }
}

export class Transformer extends nn.Module {
  readonly config: Config;
  readonly cached: boolean;
  // Made by setup: one matrix embeds what is read and what is written, and scores what comes next (section 3.4).
  embed!: nn.Embed;
  dropout!: nn.Dropout;
  encoder!: EncoderLayer[];
  decoder!: DecoderLayer[];

  /** @param cached whether the decoder reads one character at a time, with the keys and values of those before in a cache */
  constructor(config: Config, { cached = false }: { cached?: boolean } = {}) {
    super();
    this.config = config;
    this.cached = cached;
  }

  setup(): void {
    const { layers, features, dropoutRate } = this.config;
    const embeddingInit = nn.initializers.normal(features ** -0.5);
    this.embed = new nn.Embed({ numEmbeddings: VOCAB_SIZE, features, embeddingInit });
    this.dropout = new nn.Dropout(dropoutRate);
    this.encoder = Array.from({ length: layers }, () => new EncoderLayer(this.config));
    this.decoder = Array.from({ length: layers }, () => new DecoderLayer(this.config, this.cached));
  }

  embedded(tokens: NdArray, start: NdArray | number, train: boolean): NdArray {
    const { features } = this.config;
    const x = this.embed.call(tokens).mul(Math.sqrt(features));
    const placed = x.add(positions(start, tokens.shape[1]!, features));
    return this.dropout.call(placed, { deterministic: !train });
  }

  /** What is remembered of a source i32[batch, n]: f32[batch, n, features]. */
  encode(source: NdArray, { train = false }: { train?: boolean } = {}): NdArray {
    const mask = nn.makeAttentionMask(source.greater(0), source.greater(0));
    let x = this.embedded(source, 0, train);
    for (const layer of this.encoder) x = layer.call(x, mask, train);
    return x;
  }

  /** The scores of each next character, f32[batch, m, VOCAB_SIZE], from those before, i32[batch, m], which begin at `start`. */
  decode(
    memory: NdArray,
    source: NdArray,
    target: NdArray,
    start: NdArray | number = 0,
    { train = false }: { train?: boolean } = {},
  ): NdArray {
    const mask = this.cached ? null : nn.makeCausalMask(target);
    const memoryMask = nn.makeAttentionMask(target.greater(0), source.greater(0));
    let x = this.embedded(target, start, train);
    for (const layer of this.decoder) x = layer.call(x, memory, mask, memoryMask, train);
    return this.embed.attend(x);
  }

  call(source: NdArray, target: NdArray, { train = false }: { train?: boolean } = {}): NdArray {
    return this.decode(this.encode(source, { train }), source, target, 0, { train });
  }
}

/** What the decoder reads while it learns to write `target`: the same, one place later. */
export function shiftRight(target: NdArray): NdArray {
  return np
    .pad(
      target,
      [
        [0, 0],
        [1, 0],
      ],
      { constantValues: START },
    )
    .slice(":", [null, -1]);
}

/** The mean loss per character against labels smoothed by 0.1 (section 5.4), in nats; with a key, with dropout. */
export function lossFn(
  model: Transformer,
  params: nn.VariableTree,
  [source, target]: readonly [NdArray, NdArray],
  dropoutKey: NdArray | null = null,
): NdArray {
  const train = dropoutKey !== null;
  const rngs = train ? { dropout: dropoutKey } : null;
  const logits = model.apply({ params }, source, shiftRight(target), { train, rngs });
  const labels = optim.smoothLabels(nn.oneHot(target, VOCAB_SIZE), 0.1);
  return optim.softmaxCrossEntropy(logits, labels).mean();
}

/** Adam with the paper's learning rate, features^-½ · min(step^-½, step · warmup^-3/2) (section 5.3). */
export function createState(model: Transformer, key: NdArray, { warmupSteps }: Training): State {
  const [initKey, trainKey] = random.split(key);
  const example = [exampleOf(SOURCE_LENGTH), exampleOf(TARGET_LENGTH)] as const;
  const { params } = model.init(initKey!, ...example);
  const schedule: optim.Schedule = (count) => {
    const step = np.add(count, 1).astype("float32");
    const rate = np.minimum(step.pow(-0.5), step.mul(warmupSteps ** -1.5));
    return rate.mul(model.config.features ** -0.5);
  };
  const tx = optim.adam(schedule, { b1: 0.9, b2: 0.98, eps: 1e-9 });
  return optim.TrainState.create({ applyFn: model.apply, params: params, tx, key: trainKey! });
}

export function exampleOf(length: number): NdArray {
  return np.ones([1, length], { dtype: "int32" });
}

/** A number of training steps as one compiled loop: to the next state and the losses, f32[stepsPerCall]. */
export function trainerOf(model: Transformer, { batchSize, stepsPerCall }: Training) {
  return jit(
    (start: State, source: NdArray, target: NdArray): [State, NdArray] =>
      lax.scan(
        (state: State): [State, NdArray] => {
          const [batchKey, dropoutKey] = random.split(random.foldIn(state.key, state.step));
          const rows = random.randint(batchKey!, [batchSize], 0, source.shape[0]!);
          const batch = [np.take(source, rows, { axis: 0 }), np.take(target, rows, { axis: 0 })] as const;
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

/** What is handed from step to step of a translation. */
interface Written {
  readonly cache: nn.VariableTree;
  readonly token: NdArray;
}

/** Translates sources i32[batch, n] as one compiled loop, always with the likeliest character: i32[batch, TARGET_LENGTH]. */
export function translatorOf(config: Config) {
  const model = new Transformer(config);
  const cached = new Transformer(config, { cached: true });
  const translate = (params: nn.VariableTree, source: NdArray): NdArray => {
    const memory = model.apply({ params }, source, { method: "encode" });
    const like = np.ones([source.shape[0]!, TARGET_LENGTH], { dtype: "int32" });
    const { cache } = cached.init(random.PRNGKey(0), source, like);
    const step = ({ cache, token }: Written, i: NdArray): [Written, NdArray] => {
      const [logits, changed] = cached.apply({ params, cache }, memory, source, token.slice(":", null), i, {
        method: "decode",
        mutable: ["cache"],
      });
      const next = np.argmax(logits.slice(":", 0), { axis: -1 }).astype("int32");
      return [{ cache: changed.cache, token: next }, next];
    };
    const start: Written = { cache: cache, token: np.full([source.shape[0]!], START, { dtype: "int32" }) };
    const [, tokens] = lax.scan(step, start, np.arange(TARGET_LENGTH));
    return tokens.T;
  };
  return jit(translate, { name: "translate" });
}

/** Where the last layer of the decoder looks in the source while it writes `target`: f32[batch, heads, m, n]. */
export function attentionOf(
  model: Transformer,
  params: nn.VariableTree,
  source: NdArray,
  target: NdArray,
): NdArray {
  const [, { intermediates }] = model.apply({ params }, source, shiftRight(target), {
    mutable: ["intermediates"],
  });
  // One array of weights per layer, in their order.
  return (tree.leaves(intermediates) as NdArray[]).at(-1)!;
}
