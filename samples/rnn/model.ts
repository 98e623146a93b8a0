/** A character-level language model by a recurrent network (Karpathy 2015), in the manner of Flax. */
import { jit, lax, type NdArray, nn, numpy as np, optim, random, valueAndGrad, vmap } from "weft";
import type { Generate } from "../text/write.ts";

/** State of the cell and output of the LSTM, f32[batch, features] each. */
export type Carry = nn.LSTMCarry;

export interface Config {
  readonly vocabSize: number;
  /** Of the LSTM's state. */
  readonly features: number;
  /** How many characters it writes at once. */
  readonly context: number;
}

/** How a training goes. */
export interface Training {
  readonly batchSize: number;
  /** Characters per example. */
  readonly length: number;
  readonly steps: number;
  /** Steps of one compiled call. */
  readonly stepsPerCall: number;
  readonly learningRate: number;
}

export type State = optim.TrainState<nn.VariableDict> & { readonly key: NdArray };

export class CharLSTM extends nn.Module {
  readonly config: Config;

  constructor(config: Config) {
    super();
    this.config = config;
  }

  /** The scores of each next character, f32[batch, time, vocabSize], and the carry behind the last: from i32[batch, time]. */
  call(tokens: NdArray, carry: Carry | null = null): [Carry, NdArray] {
    const { vocabSize, features } = this.config;
    const x = new nn.Embed({ numEmbeddings: vocabSize, features }).call(tokens);
    const lstm = new nn.RNN(new nn.OptimizedLSTMCell({ features }), { returnCarry: true });
    const [next, y] = lstm.call(x, { initialCarry: carry, returnCarry: true });
    const logits = new nn.Dense({ features: vocabSize }).call(y);
    return [next, logits];
  }
}

/** The mean loss of foretelling each character of i32[batch, time + 1] but the first, in nats. */
export function lossFn(model: CharLSTM, params: nn.VariableDict, batch: NdArray): NdArray {
  const [inputs, targets] = [batch.slice(":", [null, -1]), batch.slice(":", [1, null])];
  const [, logits] = model.apply(params, inputs);
  return optim.softmaxCrossEntropyWithIntegerLabels(logits, targets).mean();
}

/** Pieces of the text from random places: i32[batchSize, length + 1]. */
export function getBatch(key: NdArray, text: NdArray, { batchSize, length }: Training): NdArray {
  const starts = random.randint(key, [batchSize], 0, text.shape[0]! - length);
  return vmap((start: NdArray) => lax.dynamicSlice(text, [start], [length + 1]))(starts);
}

export function createState(model: CharLSTM, key: NdArray, training: Training): State {
  const [initKey, trainKey] = random.split(key);
  const params = model.init(initKey!, np.zeros([1, training.length], { dtype: "int32" }));
  const tx = optim.chain(
    optim.clipByGlobalNorm(1),
    optim.adam(optim.cosineDecaySchedule(training.learningRate, training.steps)),
  );
  return optim.TrainState.create({ applyFn: model.apply, params, tx, key: trainKey! });
}

/** A number of training steps as one compiled loop: to the next state and the losses, f32[stepsPerCall]. */
export function trainerOf(model: CharLSTM, training: Training) {
  return jit(
    (start: State, text: NdArray): [State, NdArray] =>
      lax.scan(
        (state: State): [State, NdArray] => {
          const batch = getBatch(random.foldIn(state.key, state.step), text, training);
          const [loss, grads] = valueAndGrad((params: nn.VariableDict) => lossFn(model, params, batch))(
            state.params,
          );
          return [state.applyGradients({ grads }), loss];
        },
        start,
        null,
        { length: training.stepsPerCall },
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
  readonly carry: Carry;
  readonly token: NdArray;
}

/**
 * Text as one compiled loop, i32[context + 1]: the first `given` characters of the prompt i32[context], then what is drawn.
 * Each step reads one character; what those before it left is in the LSTM's carry.
 */
export function generatorOf(model: CharLSTM) {
  const { features, context } = model.config;
  const generate: Generate<nn.VariableDict> = (params, prompt, given, { key, temperature, topK }) => {
    const step = (
      { carry, token }: Written,
      [i, key, following]: readonly [NdArray, NdArray, NdArray],
    ): [Written, NdArray] => {
      const [next, logits] = model.apply(params, token.reshape([1, 1]), carry);
      const drawn = sample(key, logits.slice(0, -1), temperature, topK);
      const chosen = np.where(i.add(1).less(given), following, drawn);
      return [{ carry: next, token: chosen }, chosen];
    };
    const zeros = np.zeros([1, features]);
    const start: Written = { carry: [zeros, zeros], token: prompt.slice(0) };
    const places = [np.arange(context), random.split(key, context), np.roll(prompt, -1)] as const;
    const [, tokens] = lax.scan(step, start, places);
    return np.concatenate([prompt.slice([null, 1]), tokens]);
  };
  return jit(generate, { name: "generate" });
}
