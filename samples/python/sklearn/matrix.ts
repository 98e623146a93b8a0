/** What scikit-learn calls X: a float64 array of shape (n_samples, n_features) on the host, row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) };
}

/** A matrix of these values, row after row. */
export function matrix(rows: number, columns: number, values: ArrayLike<number>): Matrix {
  if (values.length !== rows * columns) {
    throw new RangeError(`cannot reshape array of size ${values.length} into shape (${rows},${columns})`);
  }
  return { rows, columns, data: Float64Array.from(values) };
}

/** The rows of these numbers, in this order. */
export function takeRows({ columns, data }: Matrix, indices: ArrayLike<number>): Matrix {
  const taken = zeros(indices.length, columns);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * columns;
    taken.data.set(data.subarray(start, start + columns), i * columns);
  }
  return taken;
}

/** The columns of these numbers, in this order. */
export function takeColumns({ rows, columns, data }: Matrix, indices: ArrayLike<number>): Matrix {
  const taken = zeros(rows, indices.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < indices.length; j++) {
      taken.data[i * indices.length + j] = data[i * columns + indices[j]!]!;
    }
  }
  return taken;
}
