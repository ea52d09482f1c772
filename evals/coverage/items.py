"""The items of a dataset as vectors, in the same space as the calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.models import Dataset
from monitoring import embeddings, input_texts

# More items than these represent no more: those in between say the same.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """The numbers of items that say something, and in the same order their vectors."""

    numbers: list[int]
    vectors: NDArray[np.float32]


def current(dataset: Dataset) -> ItemVectors:
    """Return what is in the dataset now; of very many items an even part."""
    step = max(1, -(-dataset.item_count // MOST))
    rows = dataset.items.current().by_number().values_list("number", "input")
    numbers, inputs = [], []
    for place, (number, values) in enumerate(rows.iterator(chunk_size=500)):
        if place % step == 0 and (parts := input_texts.of_values(values)):
            numbers.append(number)
            inputs.append(parts)
    return ItemVectors(numbers, input_texts.vectors(inputs, embeddings.for_project(dataset.project_id).embed))
