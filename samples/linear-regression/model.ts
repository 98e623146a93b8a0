/**
 * "Intuitive AI: Session 2", neural nets in Flax: linear regression as a module, its loss and its training. Function by
 * function the document's code, with its names in camelCase.
 */
import { jit, lax, type NdArray, nn, optim, valueAndGrad } from "weft";

/** A model of one input and one output. */
export interface Model extends nn.Module {
  call(x: NdArray): NdArray;
}

export type State = optim.TrainState<nn.VariableDict>;

export class LinearRegression extends nn.Module {
  dense!: nn.Dense;

  // Define the neural network architecture
  setup(): void {
    /* Single output, I dont need to specify shape */
    this.dense = new nn.Dense({ features: 1 });
  }

  // Define the forward pass
  call(x: NdArray): NdArray {
    const yPred = this.dense.call(x);
    return yPred;
  }
}

/** The loss of a model, summed over all observations. */
export function flaxL2LossOf(model: Model): (params: nn.VariableDict, x: NdArray, yTrue: NdArray) => NdArray {
  const flaxL2Loss = jit((params: nn.VariableDict, x: NdArray, yTrue: NdArray): NdArray => {
    const yPred = model.apply(params, x);
    const totalLoss = optim.l2Loss(yPred, yTrue).sum();

    return totalLoss;
  });
  return flaxL2Loss;
}

export const optimizer = optim.adam(0.001);

/**
 * The document's training loop as one compiled function: `epochs` of it at a time, to the next state and the losses,
 * f32[epochs].
 */
export function trainerOf(model: Model, epochs: number) {
  const flaxL2Loss = flaxL2LossOf(model);
  return jit(
    (start: State, x: NdArray, y: NdArray): [State, NdArray] =>
      lax.scan(
        (state: State): [State, NdArray] => {
          // Calculate the gradient
          const [loss, grads] = valueAndGrad(flaxL2Loss)(state.params, x, y);
          // Update the model parameters
          state = state.applyGradients({ grads });
          return [state, loss];
        },
        start,
        null,
        { length: epochs },
      ),
    { name: "train" },
  );
}
