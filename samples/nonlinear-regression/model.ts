/**
 * "Intuitive AI: Session 2", data that are not linear: both of the document's models, each in its own style of Flax.
 */
import { type NdArray, nn, numpy as np } from "weft";

/** 2 x² at a hundred points: f32[100] each. */
export function makeParabola(): { readonly xNonLinear: NdArray; readonly yNonLinear: NdArray } {
  const xNonLinear = np.linspace(-10, 10, 100);
  const m = 2;
  const yNonLinear = xNonLinear.pow(2).mul(m);
  return { xNonLinear, yNonLinear };
}

/**
 * Three layers, made in `setup`. Without a nonlinearity between them they are still a straight line. The attributes keep
 * the names of the document: they name the parameters, and Flax makes the keys of these from their names.
 */
export class DeepRegression extends nn.Module {
  hidden_layer_1!: nn.Dense;
  hidden_layer_2!: nn.Dense;
  dense_out!: nn.Dense;

  // Define the neural network architecture
  setup(): void {
    /* Single output, I dont need to specify shape */
    this.hidden_layer_1 = new nn.Dense({ features: 10 });
    this.hidden_layer_2 = new nn.Dense({ features: 10 });
    this.dense_out = new nn.Dense({ features: 1 });
  }

  // Define the forward pass
  call(x: NdArray): NdArray {
    const hiddenX1 = this.hidden_layer_1.call(x);
    const hiddenX2 = this.hidden_layer_2.call(hiddenX1);
    const yPred = this.dense_out.call(hiddenX2);
    return yPred;
  }
}

/** One wide layer and a relu, made where they are used. */
export class NonLinearRegression extends nn.Module {
  // Define the neural network architecture
  call(x: NdArray): NdArray {
    x = new nn.Dense(128).call(x); // create inline Flax Module submodules
    x = nn.relu(x);
    x = new nn.Dense({ features: 1 }).call(x); // shape inference
    return x;
  }
}
