/** The generation with trained parameters, to be compiled ahead of time: `weft compile samples/gpt/writer.ts#write`. */
import { type NdArray, type nn, numpy as np, random, spec } from "weft";
import { unflattenNames } from "weft/data";
import { trainedModel } from "../text/trained.ts";
import { type Config, GPT, generatorOf } from "./model.ts";

const { config, tensors } = await trainedModel<Config>("gpt");
const example = np.zeros([1, config.context], { dtype: "int32" });
const { params: like } = new GPT(config).init(random.PRNGKey(0), example);

export const params: nn.VariableTree = unflattenNames(tensors, like);

const generate = generatorOf(config);

/** A context of text: the first `given` characters of the prompt, then what is drawn; `part` counts the calls for one text. */
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
