"""Logistic regression over named signs, by L-BFGS; nothing random, so the same rows always give the same weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from monitoring.detectors.models import LinearModel

Floats = NDArray[np.float64]
Row = Mapping[str, float]


def fit(
    rows: Sequence[Row],
    labels: Sequence[int],
    *,
    weights: Sequence[float],
    strength: float,
    threshold: float,
    names: Sequence[str],
    is_rising: bool = False,
    falling: frozenset[str] = frozenset(),
) -> LinearModel:
    """Return the model that explains the labels; `strength` pulls the weights of all signs towards 0.

    When it is rising, no sign may speak for a text but those that are falling, and these may not speak against it: what only one
    collection has in common cannot turn the meaning of a sign round.
    """
    matrix = _matrix(rows, names)
    y = np.asarray(labels, dtype=float) * 2 - 1
    importance = np.asarray(weights, dtype=float)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margin = y * (matrix @ parameters[1:] + parameters[0])
        pull = -y * importance / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.concatenate(([pull.sum()], matrix.T @ pull + 2 * strength * parameters[1:]))
        return float(importance @ np.logaddexp(0, -margin) + strength * parameters[1:] @ parameters[1:]), gradient

    bounds = [
        (None, None),
        *((None, 0.0) if name in falling else (0.0 if is_rising and _is_sign(name) else None, None) for name in names),
    ]
    start = np.zeros(len(names) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300}).x
    return LinearModel(
        float(found[0]), {name: float(weight) for name, weight in zip(names, found[1:], strict=True)}, threshold
    )


def _is_sign(name: str) -> bool:
    """Single words and directions of sense have no meaning of their own that could be turned round."""
    return not name.startswith(("words:", "sense "))


def common(rows: Sequence[Row], groups: Sequence[str], *, at_least: int) -> list[str]:
    """Return the signs that stand in the rows of so many different groups, so that none of them stands for one row."""
    seen: Counter[str] = Counter()
    for name, _ in {(name, group) for row, group in zip(rows, groups, strict=True) for name in row}:
        seen[name] += 1
    return sorted(name for name, count in seen.items() if count >= at_least)


def balanced(keys: Sequence[object]) -> list[float]:
    """Return weights by which every kind of row counts the same, and all together as much as there are rows."""
    counts = Counter(keys)
    return [len(keys) / len(counts) / counts[key] for key in keys]


def folds(groups: Sequence[str], number: int = 5) -> NDArray[np.int_]:
    """Return in which of the parts each row is; rows of one group are always in the same."""
    order = {group: place for place, group in enumerate(sorted(set(groups), key=_scattered))}
    return np.array([order[group] % number for group in groups])


def _scattered(group: str) -> str:
    return str(sum(ord(letter) * 31**place for place, letter in enumerate(group[:40])) % 1_000_003).zfill(7) + group


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> csr_matrix:
    column = {name: place for place, name in enumerate(names)}
    data, indices, starts = [], [], [0]
    for row in rows:
        for name, value in row.items():
            if name in column:
                data.append(value)
                indices.append(column[name])
        starts.append(len(data))
    return csr_matrix((data, indices, starts), shape=(len(rows), len(names)))
