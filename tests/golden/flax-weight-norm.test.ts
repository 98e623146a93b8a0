/** Layers with normalised weights against flax.linen. */
import { type NdArray, nn } from "weft";
import { moduleFunctions } from "../helpers/flax-modules.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

class Weighted extends nn.Module {
  readonly options: nn.WeightNormOptions;

  constructor({ options }: { options: nn.WeightNormOptions }) {
    super();
    this.options = options;
  }

  call(x: NdArray): NdArray {
    x = new nn.WeightNorm(new nn.Conv(4, [3]), this.options).call(x);
    return new nn.WeightNorm(new nn.Dense(3), this.options).call(x);
  }
}

class Spectral extends nn.Module {
  readonly options: nn.SpectralNormOptions;
  readonly updateStats: boolean;

  constructor({ options, update }: { options: nn.SpectralNormOptions; update: boolean }) {
    super();
    this.options = options;
    this.updateStats = update;
  }

  call(x: NdArray): NdArray {
    const { updateStats } = this;
    x = new nn.SpectralNorm(new nn.Conv(4, [3]), this.options).call(x, { updateStats });
    return new nn.SpectralNorm(new nn.Dense(3), this.options).call(x, { updateStats });
  }
}

/** By options alone, as specs give them. */
class WeightNorm extends nn.WeightNorm<nn.Dense> {
  constructor({ layerInstance }: { layerInstance: nn.Dense }) {
    super(layerInstance);
  }
}

goldenFamily("flax-weight-norm", moduleFunctions({ Weighted, Spectral, WeightNorm }));
