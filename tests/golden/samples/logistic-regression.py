"""The logistic regression of document 003, "Introduction into JAX and Haiku".

The document draws its data without a seed and leaves the learning rate out: here both have a fixed value.
"""

from _write import write

import jax.numpy as jnp
from jax import grad, jit, random
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, classification_report
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

SEED = 15
eta = 0.1


def sigmoid(x):
    return 1 / (1 + jnp.exp(-x))


X, y = make_classification(n_classes=2, n_samples=500, random_state=SEED)

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=SEED)
scaler = StandardScaler()
scaler.fit(X_train)
X_train_s = scaler.transform(X_train)
X_test_s = scaler.transform(X_test)

c_0 = 1.0
w_0 = random.normal(random.PRNGKey(0), (X.shape[1],))


def predict(c, w, input_):
    return sigmoid(jnp.dot(input_, w) + c)


@jit
def cost(c, w, X, y, eps=1e-14, lmbd=0.1):
    p = predict(c, w, X)

    return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))


n_iter = 500
w = w_0
c = c_0
accuracies_train = []
accuracies_test = []
costs = []
parameters = []

for i in range(n_iter):
    costs.append(float(cost(c, w, X_train_s, y_train)))
    c_current = c
    c -= eta * grad(cost, argnums=0)(c_current, w, X_train_s, y_train)
    w -= eta * grad(cost, argnums=1)(c_current, w, X_train_s, y_train)
    if i in (0, 1, 10, 100, 499):
        parameters.append({"iteration": i, "c": float(c), "w": w.tolist()})

    predictions_train = (predict(c, w, X_train_s) > 0.50).astype(int)
    predictions_test = (predict(c, w, X_test_s) > 0.50).astype(int)

    accuracies_train.append(accuracy_score(y_pred=predictions_train, y_true=y_train))
    accuracies_test.append(accuracy_score(y_pred=predictions_test, y_true=y_test))

predictions = (predict(c, w, X_test_s) > 0.50).astype(int)
report = classification_report(y_pred=predictions, y_true=y_test)
print(accuracies_train[0], accuracies_train[-1])
print(report)

write(
    __file__,
    ["jax", "jaxlib", "numpy", "scikit-learn"],
    {
        "seed": SEED,
        "eta": eta,
        "w0": w_0,
        "yTrain": y_train,
        "yTest": y_test,
        "firstRow": X_train_s[0],
        "costs": costs,
        "parameters": parameters,
        "accuraciesTrain": accuracies_train,
        "accuraciesTest": accuracies_test,
        "predictions": predictions,
        "report": report,
    },
)
