/** Modules against flax.linen: names, parameters of init, results and gradients of apply. */
import { type NdArray, nn, numpy as np, random } from "weft";
import { moduleFunctions } from "../helpers/flax-modules.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

class Compact extends nn.Module {
  call(x: NdArray): NdArray {
    x = np.tanh(new nn.Dense({ features: 5 }).call(x));
    const scale = this.param("scale", nn.initializers.normal(0.5), [5]);
    const shared = new nn.Dense(5);
    x = shared.call(shared.call(x).mul(scale));
    return new nn.Dense({ features: 2, name: "out" }).call(x);
  }
}

class Setup extends nn.Module {
  hidden!: nn.Dense;
  layers!: nn.Dense[];
  heads!: { a: nn.Dense; b: nn.Dense };
  bias!: NdArray;
  readonly width: number;

  constructor({ width, ...options }: { width: number } & nn.ModuleOptions) {
    super(options);
    this.width = width;
  }

  setup(): void {
    this.hidden = new nn.Dense(this.width);
    this.layers = [new nn.Dense(4), new nn.Dense(3)];
    this.heads = { b: new nn.Dense(1), a: new nn.Dense(2) };
    this.bias = this.param("bias", nn.initializers.uniform(0.3), [3]);
  }

  call(x: NdArray): [NdArray, NdArray] {
    x = np.tanh(this.hidden.call(x));
    for (const layer of this.layers) x = np.tanh(layer.call(x));
    x = x.add(this.bias);
    return [this.heads.a.call(x), this.heads.b.call(x)];
  }
}

interface ArrayModule {
  call(x: NdArray): NdArray;
}

class Residual extends nn.Module {
  readonly layer: ArrayModule;

  constructor({ layer, ...options }: { layer: ArrayModule } & nn.ModuleOptions) {
    super(options);
    this.layer = layer;
  }

  call(x: NdArray): NdArray {
    return x.add(this.layer.call(x));
  }
}

class Nested extends nn.Module {
  call(x: NdArray): NdArray {
    x = new Setup({ width: 3 }).call(x)[0];
    x = new Compact().call(x);
    const first = new nn.Dense(3);
    x = new nn.Sequential([first, np.tanh, new nn.Dense(2)]).call(x);
    const y = new Residual({ layer: new nn.Dense(2) }).call(x);
    return new Residual({ layer: new Compact({ name: "inner" }) }).call(y);
  }
}

class Given extends nn.Module {
  a!: nn.Dense;
  first!: Residual;
  second!: Residual;
  chain!: nn.Sequential;

  setup(): void {
    this.a = new nn.Dense(3);
    this.first = new Residual({ layer: this.a });
    this.second = new Residual({ layer: new nn.Dense(3) });
    this.chain = new nn.Sequential([new nn.Dense(3), np.tanh, new nn.Dense(3)]);
  }

  call(x: NdArray): NdArray {
    return this.chain.call(this.second.call(this.first.call(this.a.call(x))));
  }
}

class Noisy extends nn.Module {
  call(x: NdArray, { train = true }: { train?: boolean } = {}): NdArray {
    x = new nn.Dropout(0.5).call(x, { deterministic: !train });
    x = new nn.Dense(6).call(x);
    const drop = new nn.Dropout(0.25, { deterministic: !train });
    x = drop.call(drop.call(x));
    if (train) {
      x = x
        .add(random.normal(this.makeRng("noise"), x.shape))
        .add(random.normal(this.makeRng("noise"), x.shape));
    }
    return x;
  }
}

class Counter extends nn.Module {
  call(x: NdArray): NdArray {
    const count = this.variable("counters", "count", () => np.zeros([], { dtype: "int32" }));
    const mean = this.variable("averages", "mean", () => np.zeros([x.shape[x.ndim - 1]]));
    if (!this.isInitializing()) {
      count.value = count.value.add(1);
      mean.value = mean.value.mul(0.9).add(np.mean(x, { axis: 0 }).mul(0.1));
    }
    this.sow("intermediates", "x", x);
    this.sow("intermediates", "x", x.mul(2));
    return new nn.Dense(2).call(x.sub(mean.value));
  }
}

goldenFamily("flax", moduleFunctions({ Compact, Setup, Residual, Nested, Given, Noisy, Counter }));
