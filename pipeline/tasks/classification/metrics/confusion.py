"""The confusion matrix, and macro F1 as a function of it."""

import numpy as np


def confusion_matrix(classes: np.ndarray, predicted: np.ndarray, count: int) -> np.ndarray:
    """Count passages (class, predicted class) of `classes` and `predicted`, (passage,) each."""
    return np.bincount(classes * count + predicted, minlength=count**2).reshape(count, count)


def macro_f1(sums: np.ndarray) -> np.ndarray:
    """Return the mean over classes of F1, of `sums` (..., 3 classes): see `f1_statistics`.

    F1 = 2 TP / (actual + predicted), and 0 of a class that is neither.
    """
    found, predicted, actual = np.split(sums, 3, axis=-1)
    return (2 * found / np.maximum(predicted + actual, 1)).mean(axis=-1)


def f1_statistics(classes: np.ndarray, predicted: np.ndarray, count: int) -> np.ndarray:
    """Return, for each passage, (passage, 3 count): one-hot found, predicted and actual class."""
    one_hot = np.eye(count, dtype=np.float64)
    found = one_hot[classes] * (classes == predicted)[:, None]
    return np.concatenate((found, one_hot[predicted], one_hot[classes]), axis=-1)
