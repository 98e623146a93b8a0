/** Attention against flax.linen. */
import { NdArray, nn, numpy as np } from "weft";
import { moduleFunctions } from "../helpers/flax-modules.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

interface AttendOptions {
  mask?: NdArray;
  deterministic?: boolean;
}

class Attend extends nn.Module {
  readonly options: nn.MultiHeadAttentionOptions;

  constructor({ options }: { options: nn.MultiHeadAttentionOptions }) {
    super();
    this.options = options;
  }

  call(q: NdArray, ...rest: (NdArray | AttendOptions)[]): NdArray {
    const arrays = rest.filter((each) => each instanceof NdArray);
    const options = rest.find((each): each is AttendOptions => !(each instanceof NdArray)) ?? {};
    const [k = null, v = null] = arrays;
    return new nn.MultiHeadDotProductAttention(this.options).call(q, k, v, { ...options, sowWeights: true });
  }
}

class Decoder extends nn.Module {
  call(x: NdArray): NdArray {
    const attention = new nn.MultiHeadDotProductAttention(2, { decode: true });
    if (this.isInitializing()) return attention.call(x);
    const steps = [0, 1, 2].map((i) =>
      attention.call(np.take(x, np.array([i], { dtype: "int32" }), { axis: 1 })),
    );
    return np.concatenate(steps, { axis: 1 });
  }
}

goldenFamily("flax-attention", moduleFunctions({ Attend, Decoder }));
