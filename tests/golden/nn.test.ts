/** nn against jax.nn. */
import { nn, type random } from "weft";
import { goldenFamily } from "../helpers/golden-family.ts";

/** The arguments of initializers that are no options, by name. */
type Make = (options: Readonly<Record<string, number>>) => nn.initializers.Initializer;

const INITIALIZERS: Readonly<Record<string, Make>> = {
  glorotUniform: nn.initializers.glorotUniform,
  glorotNormal: nn.initializers.glorotNormal,
  lecunUniform: nn.initializers.lecunUniform,
  lecunNormal: nn.initializers.lecunNormal,
  heUniform: nn.initializers.heUniform,
  heNormal: nn.initializers.heNormal,
};

goldenFamily("nn", {
  initialize: (
    name: string,
    key: random.PRNGKeyArray,
    shape: number[],
    dtype: "float32",
    options: Record<string, number>,
  ) => INITIALIZERS[name](options)(key, shape, dtype),
});
