/** The generation with trained parameters, to be compiled ahead of time: `weft compile samples/rnn/writer.ts#write`. */
import { type NdArray, type nn, numpy as np, random, spec } from "weft";
import { unflattenNames } from "weft/data";
import { trainedModel } from "../text/trained.ts";
import { CharLSTM, type Config, generatorOf } from "./model.ts";

const { config, tensors } = await trainedModel<Config>("rnn");
const model = new CharLSTM(config);

export const params: nn.VariableDict = unflattenNames(
  tensors,
  model.init(random.PRNGKey(0), np.zeros([1, 1], { dtype: "int32" })),
);

const generate = generatorOf(model);

/** A piece of text: the first `given` characters of the prompt, then what is drawn; `part` counts the calls for one text. */
export function write(
  prompt: NdArray,
  given: NdArray,
  seed: NdArray,
  part: NdArray,
  temperature: NdArray,
  topK: NdArray,
): NdArray {
  const key = random.foldIn(random.PRNGKey(seed), part);
  return generate(params, prompt, given, { key, temperature, topK });
}

const int = spec([], "int32");
export const exampleArgs = [spec([config.context], "int32"), int, int, int, spec([]), int];
