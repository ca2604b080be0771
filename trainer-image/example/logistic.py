"""The model of the example: logistic regression of two classes, and how sure it is that one is better than another.

This is the part to put your own framework in: all that the trainer around it wants of a model are `fit`, `hits`, `save`
and `load`, and of the held-out rows `blocks` and `lower_bound`, which are the same for any model.
"""  # noqa: INP001  # beside a script, not in a package

import json
import math
import random
from typing import Any

Row = dict[str, Any]
"""One row of data: its features `x`, its label `y`, 0 or 1, and its `time`, a text."""
Model = dict[str, Any]
ROUNDS, DRAWS = 5, 1000


def fit(rows: list[Row], start: Model | None) -> Model:
    """Learn by stochastic gradient descent, from another model on if there is one.

    The same rows always give the same model, to the bit: a run that is done again must end the same.
    """
    model, drawn = start or _new(rows), random.Random(0)  # noqa: S311  # chance, no secret
    weights, bias = list(model["weights"]), model["bias"]
    for turn in range(1, ROUNDS + 1):
        for row in drawn.sample(rows, len(rows)):
            x = _scaled(model, row)
            step = 0.1 / turn * (row["y"] - _chance(weights, bias, x))
            weights, bias = [w + step * a for w, a in zip(weights, x, strict=True)], bias + step
    return {**model, "weights": weights, "bias": bias}


def hits(model: Model, rows: list[Row]) -> list[int]:
    """1 for each row that the model is right about, else 0."""
    chances = (_chance(model["weights"], model["bias"], _scaled(model, row)) for row in rows)
    return [int((chance > 0.5) == (row["y"] == 1)) for chance, row in zip(chances, rows, strict=True)]


def save(model: Model) -> bytes:
    """The model as the store keeps it, in whatever form a framework has. The same model gives the same bytes."""
    return json.dumps(model, sort_keys=True).encode()


def load(content: bytes) -> Model:
    """What `save` has made bytes of. Their digest was checked; prefer forms that run nothing when they are read."""
    model: Model = json.loads(content)
    return model


def blocks(rows: list[Row]) -> list[list[int]]:
    """Which rows belong together: those of the same day; without a time, fifty that follow one another."""
    found: dict[object, list[int]] = {}
    for index, row in enumerate(rows):
        found.setdefault(row["time"][:10] or index // 50, []).append(index)
    return list(found.values())


def lower_bound(gains: list[int], together: list[list[int]], confidence: float) -> float:
    """How large the mean gain is at least, with this confidence, by the block bootstrap.

    Whole blocks are drawn, because rows that are close in time are alike: single ones would promise too much.
    """
    drawn = random.Random(0)  # noqa: S311  # chance, no secret
    sums = [(sum(gains[index] for index in block), len(block)) for block in together]
    draws = (drawn.choices(sums, k=len(sums)) for _ in range(DRAWS))
    means = sorted(sum(gain for gain, _ in draw) / sum(count for _, count in draw) for draw in draws)
    return means[int((1 - confidence) * DRAWS)]


def _new(rows: list[Row]) -> Model:
    """A model that knows nothing but how large its features are."""
    columns = list(zip(*(row["x"] for row in rows), strict=True))
    means = [sum(column) / len(rows) for column in columns]
    spans = [math.sqrt(sum((x - m) ** 2 for x in c) / len(rows)) or 1.0 for c, m in zip(columns, means, strict=True)]
    return {"means": means, "spans": spans, "weights": [0.0] * len(columns), "bias": 0.0}


def _scaled(model: Model, row: Row) -> list[float]:
    return [(a - mean) / span for a, mean, span in zip(row["x"], model["means"], model["spans"], strict=True)]


def _chance(weights: list[float], bias: float, x: list[float]) -> float:
    """How likely the label is 1: the logistic function, kept from overflowing."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, bias + sum(w * a for w, a in zip(weights, x, strict=True))))))
