/** Recurrent networks and lifted transformations against flax.linen. */
import { type NdArray, nn, numpy as np, random } from "weft";
import { moduleFunctions } from "../helpers/flax-modules.ts";
import { goldenFamily } from "../helpers/golden-family.ts";

class Step extends nn.Module {
  readonly cell: nn.RNNCellBase;

  constructor({ cell, ...options }: { cell: nn.RNNCellBase } & nn.ModuleOptions) {
    super(options);
    this.cell = cell;
  }

  call(x: NdArray): [unknown, NdArray] {
    const [carry] = this.cell.call(this.cell.initializeCarry(random.key(3), x.shape), x);
    return this.cell.call(carry, x.mul(2));
  }
}

class Stacked extends nn.Module {
  call(x: NdArray): NdArray {
    x = new nn.RNN(new nn.LSTMCell(3)).call(x);
    x = new nn.RNN(new nn.GRUCell(2)).call(x);
    return new nn.Dense(1).call(x);
  }
}

class Block extends nn.Module {
  constructor(readonly features: number) {
    super();
  }

  call(x: NdArray, _: null = null): [NdArray, NdArray] {
    let y = new nn.Dense(this.features).call(x);
    y = new nn.BatchNorm({ useRunningAverage: false }).call(y);
    y = new nn.Dropout(0.3, { deterministic: false }).call(np.tanh(y));
    return [x.add(y), np.mean(y)];
  }
}

class Inner extends nn.Module {
  constructor(readonly layer: nn.Dense) {
    super();
  }

  call(x: NdArray): NdArray {
    return np.tanh(new nn.Dense(3).call(this.layer.call(x)));
  }
}

class Scanned extends nn.Module {
  call(x: NdArray): [NdArray, NdArray] {
    const Layers = nn.scan(Block, {
      variableAxes: { params: 0, batch_stats: 0 },
      splitRngs: { params: true, dropout: true },
      length: 3,
    });
    return new Layers(3).call(x, null);
  }
}

class Recurrent extends nn.Module {
  call(x: NdArray): [NdArray, NdArray] {
    const Cell = nn.scan(nn.GRUCell, {
      variableBroadcast: "params",
      splitRngs: { params: false },
      inAxes: 1,
      outAxes: 1,
    });
    const cell = new Cell(3);
    return cell.call(cell.initializeCarry(random.key(0), [x.shape[0], x.shape[2]]), x);
  }
}

class Body extends nn.Module {
  call(x: NdArray): [NdArray, NdArray] {
    x = new nn.Dense(3).call(x);
    const loop = nn.scan(
      (_module: Body, carry: NdArray, x: NdArray): [NdArray, NdArray] => {
        carry = np.tanh(new nn.Dense(3).call(carry).add(x));
        carry = new nn.Dropout(0.3, { deterministic: false }).call(carry);
        return [carry, carry.mul(2)];
      },
      { variableBroadcast: "params", splitRngs: { params: false, dropout: true } },
    );
    const [carry, ys] = loop(this, np.zeros([3]), x);
    return [carry, new nn.Dense(2).call(ys)];
  }
}

class SharedNoise extends nn.Module {
  call(x: NdArray): [NdArray, NdArray] {
    const body = (_module: SharedNoise, carry: NdArray, x: NdArray): [NdArray, NdArray] => {
      const next = new nn.Dropout(0.5, { deterministic: false }).call(carry.add(x));
      return [next, next];
    };
    return nn.scan(body, { splitRngs: { dropout: false } })(this, np.ones([6]), x);
  }
}

class Ensemble extends nn.Module {
  call(x: NdArray): NdArray {
    const Members = nn.vmap(nn.Dense, {
      variableAxes: { params: 0 },
      splitRngs: { params: true },
      inAxes: null,
      outAxes: 1,
      axisSize: 3,
    });
    return new Members(4).call(x);
  }
}

class SharedMap extends nn.Module {
  call(x: NdArray): NdArray {
    const Mapped = nn.vmap(nn.Dense, {
      variableAxes: { params: null },
      splitRngs: { params: false },
      inAxes: 1,
      outAxes: 1,
    });
    return new Mapped(4).call(x);
  }
}

class Rematted extends nn.Module {
  call(x: NdArray): NdArray {
    [x] = new (nn.remat(Block))(3).call(x);
    const layer = new nn.Dense(3);
    x = new (nn.remat(Inner))(layer).call(x);
    const last = nn.remat((_module: Rematted, x: NdArray): NdArray => new nn.Dense(2).call(x));
    return last(this, x).add(np.sum(layer.call(x)));
  }
}

class Compiled extends nn.Module {
  call(x: NdArray): NdArray {
    [x] = new (nn.jit(Block))(3).call(x);
    return new nn.Dense(2).call(x);
  }
}

const models = {
  Step,
  Stacked,
  Scanned,
  Recurrent,
  Body,
  SharedNoise,
  Ensemble,
  SharedMap,
  Rematted,
  Compiled,
};
goldenFamily("flax-recurrent", moduleFunctions(models));
