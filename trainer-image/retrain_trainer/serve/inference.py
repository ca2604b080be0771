"""The JSON of the Open Inference Protocol V2: tensors in, tensors out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrain_trainer.data.categories import Places, Words, word_of
from retrain_trainer.data.rows import Floats, Layout
from retrain_trainer.telling.faults import InputError

OUTPUTS = ("predict", "predict_proba")


def inputs_of(layout: Layout) -> list[dict[str, Any]]:
    """Return the inputs as metadata tell them: one tensor of numbers, or one for each column where some are words."""
    if not layout.categories:
        return [{"name": "input", "datatype": "FP64", "shape": [-1, len(layout.features)]}]
    types = {**dict.fromkeys(layout.numbers, "FP64"), **{words.column: "BYTES" for words in layout.categories}}
    return [{"name": name, "datatype": datatype, "shape": [-1]} for name, datatype in types.items()]


def features_of(body: dict[str, Any], layout: Layout) -> Floats:
    """Return the rows of a request, a null as NaN: one tensor of rows x features, or one for each column by name.

    Columns of words are tensors of words. InputError says what is wrong with the request.
    """
    inputs, columns = body.get("inputs"), layout.features
    if not isinstance(inputs, list) or not inputs or not all(isinstance(entry, dict) for entry in inputs):
        raise InputError("inputs is missing: a list of tensors.")
    named = {str(entry.get("name")): entry for entry in inputs}
    if set(layout.inputs) <= set(named):
        return _finite(_by_column(named, layout))
    if len(inputs) != 1:
        missing = [column for column in layout.inputs if column not in named]
        raise InputError(f"No tensor is named {missing[0]}. The columns are {', '.join(layout.inputs)}.")
    numbers, shape = _numbers(inputs[0]), inputs[0].get("shape")
    if numbers.size % len(columns) or shape != [numbers.size // len(columns), len(columns)]:
        raise InputError(f"The shape must be rows x {len(columns)} and fit the data; columns: {', '.join(columns)}.")
    return _finite(numbers.reshape(-1, len(columns)))


def _by_column(named: dict[str, dict[str, Any]], layout: Layout) -> Floats:
    """Put the tensors of columns together."""
    parts: list[NDArray[Any]] = [_numbers(named[column]).reshape(-1) for column in layout.numbers]
    for words in layout.categories:
        parts += words.expanded(_places(named[words.column], words))
    if len({len(part) for part in parts}) != 1:
        raise InputError("The columns are not of the same length.")
    return np.stack(parts, axis=1)


def outputs_of(body: dict[str, Any]) -> list[str]:
    """Return the names of the wanted outputs, `predict` when the request names none."""
    wanted = body.get("outputs") or [{"name": "predict"}]
    if not isinstance(wanted, list):
        raise InputError('outputs is no list of names, such as [{"name": "predict"}].')
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in wanted]
    unknown = [name for name in names if name not in OUTPUTS]
    if unknown:
        raise InputError(f"There is no output {unknown[0]}; there are {' and '.join(OUTPUTS)}.")
    return [str(name) for name in names]


def tensor(name: str, values: NDArray[Any]) -> dict[str, Any]:
    """Return an output as the protocol writes it."""
    return {
        "name": name,
        "shape": list(values.shape),
        "datatype": datatype_of(values),
        "data": values.reshape(-1).tolist(),
    }


def datatype_of(values: NDArray[Any]) -> str:
    """Return the protocol's name for a type."""
    return {"b": "BOOL", "i": "INT64", "f": "FP64"}.get(values.dtype.kind, "BYTES")


def _numbers(entry: dict[str, Any]) -> Floats:
    try:
        return np.array(entry["data"], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError(f"{_data_of(entry)} no numbers.") from None


def _places(entry: dict[str, Any], words: Words) -> Places:
    try:
        found = np.array(entry["data"], dtype=object).reshape(-1)
        return np.array([words.place(word_of(value)) for value in found], np.int32)
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{_data_of(entry)} no words, integers or booleans.") from None


def _data_of(entry: dict[str, Any]) -> str:
    return f"The data of tensor {entry['name']} are" if "name" in entry else "The data of a tensor without a name are"


def _finite(rows: Floats) -> Floats:
    if not len(rows):
        raise InputError("There are no rows.")
    if np.isinf(rows).any():
        raise InputError("Rows may not hold infinite numbers.")
    return rows
