"""What came true of earlier predictions: read from a request, or refused as a whole, so that nothing counts by half."""

from dataclasses import dataclass
from typing import Any

from retrain_trainer.store.shelf import VERSION
from retrain_trainer.telling.faults import InputError

FIELDS = ("predicted", "actual", "model_version")
LARGEST = 1e100
"""No number in feedback is as large: the sum of many errors stays finite."""
FORM = 'Feedback is {"predicted": [...], "actual": [...]}, two lists of the same length.'


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a version predicted of some rows, and what was true of them."""

    version: str
    predicted: list[Any]
    actual: list[Any]

    @property
    def correct(self) -> int:
        """How many of the predicted classes were true."""
        return sum(one == other for one, other in zip(self.predicted, self.actual, strict=True))

    @property
    def errors(self) -> list[float]:
        """How far each predicted number was off."""
        return [abs(float(one) - float(other)) for one, other in zip(self.predicted, self.actual, strict=True)]


def feedback_of(body: dict[str, Any], version: str, classes: list[Any] | None) -> Feedback:
    """Return the feedback of a request, on `version` where it names none.

    `classes` are those of the model, None of one that predicts numbers. A class that it does not know may be true, and
    the prediction wrong. InputError where a value could not be true: null, infinite, or words where classes are
    numbers.
    """
    if unknown := [name for name in body if name not in FIELDS]:
        raise InputError(f"Feedback has no field {unknown[0]}; it has {', '.join(FIELDS[:-1])} and {FIELDS[-1]}.")
    predicted, actual = body.get("predicted"), body.get("actual")
    if not isinstance(predicted, list) or not isinstance(actual, list) or len(predicted) != len(actual):
        raise InputError(FORM)
    named: Any = body.get("model_version", version)
    if not isinstance(named, str) or not VERSION.fullmatch(named):
        raise InputError("model_version is no name of a version, such as v000001-abc.")
    words = classes is not None and isinstance(classes[0], str)
    for name, values in (("predicted", predicted), ("actual", actual)):
        for place, value in enumerate(values):
            if not _fits(value, words=words):
                raise InputError(f"{name}[{place}] is {_told(value)}{_expected(value, classes)}")
    return Feedback(named, predicted, actual)


def _fits(value: Any, *, words: bool) -> bool:
    if words:
        return isinstance(value, str)
    if not isinstance(value, int | float):
        return False
    return abs(value) < LARGEST


def _told(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return "a number" if abs(value) < LARGEST else "no number below 1e100"
    return "text" if isinstance(value, str) else "no single value"


def _expected(value: Any, classes: list[Any] | None) -> str:
    if value is None:
        return ": leave out rows whose truth is not known yet."
    if classes is None:
        return "; this model predicts numbers."
    kind = "text" if isinstance(classes[0], str) else "numbers"
    return f"; the classes of this model are {kind}, such as {classes[0]!r}."
