"""What an answer of Prometheus' query API means for a trigger: one number, or in a sentence of ours why it is none.

Nothing here does input or output. An answer's own words are not quoted, save where in the query the syntax error is.
"""

import math
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.plain import plain
from retrain_operator.model.reason import Reason

_NUMBER = re.compile(r"NaN|[+-]?(Inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)")
_SYNTAX_ERROR = re.compile(r"[0-9]{1,4}:[0-9]{1,5}: parse error: .+")


def _as_number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number as Prometheus writes it")
    return text


_Point = tuple[float, Annotated[str, AfterValidator(_as_number)]]
"""Time and value. The value is text, since JSON knows no NaN and no infinity."""


class _Series(BaseModel):
    value: _Point | None = None
    """None when the series is a native histogram."""


class _Vector(BaseModel):
    type: Literal["vector"] = Field(alias="resultType")
    result: tuple[_Series, ...]


class _Scalar(BaseModel):
    type: Literal["scalar"] = Field(alias="resultType")
    result: _Point


class _Other(BaseModel):
    type: Literal["matrix", "string"] = Field(alias="resultType")


class Success(BaseModel):
    """The query was answered."""

    status: Literal["success"]
    data: Annotated[_Vector | _Scalar | _Other, Field(discriminator="type")]
    warnings: tuple[str, ...] = ()
    partial: bool = Field(default=False, alias="isPartial")
    """VictoriaMetrics' word for an answer of which a part is missing."""

    @property
    def whole(self) -> bool:
        """Whether no source failed to answer. Warnings that begin with PromQL are about the query, not the answer."""
        return not self.partial and all(warning.startswith("PromQL") for warning in self.warnings)


class Failure(BaseModel):
    """The query was not answered."""

    status: Literal["error"]
    type: str = Field(alias="errorType")
    error: str = ""

    @property
    def syntax_error(self) -> str:
        """Where in the query what is wrong, in Prometheus' words; empty if it is not about syntax."""
        found = _SYNTAX_ERROR.search(plain(self.error, 1000))
        return plain(found[0], 200) if found else ""


_ANSWER: TypeAdapter[Success | Failure] = TypeAdapter(Annotated[Success | Failure, Field(discriminator="status")])


def parse(body: bytes) -> Success | Failure | None:
    """The answer in `body`, or None if it is not one of Prometheus."""
    try:
        return _ANSWER.validate_json(body)
    except ValidationError:
        return None


def observe(answer: Success, at: datetime, source: str) -> Observation:
    """What the query gave at that time. Only one finite number in a whole answer is a Sample."""
    match answer.data:
        case _Other(type=kind):
            return _not_a_number(at, source, kind)
        case _Scalar(result=point):
            points: tuple[_Point | None, ...] = (point,)
        case _Vector(result=series):
            points = tuple(one.value for one in series)
    if len(points) > 1:
        words = f"The query returned several series from {source}; aggregate it, for example with max(...)."
        return NoData(at, Reason.SEVERAL_SERIES, words)
    if not answer.whole:
        words = f"{source} gave only a part of the answer; nothing is decided until it gives all. Look at its log."
        return NoData(at, Reason.PARTIAL_ANSWER, words)
    if not points:
        words = (
            f"The query returned no series from {source}. Nothing is decided until it does; check its labels, and that "
            "what it asks for is scraped."
        )
        return NoData(at, Reason.NO_DATA, words)
    return _sample(at, source, points[0])


def _sample(at: datetime, source: str, point: _Point | None) -> Observation:
    if point is None:
        return _not_a_number(at, source, "histogram")
    value = float(point[1])
    if math.isfinite(value):
        return Sample(at, value)
    words = (
        f"The query returned {'NaN' if math.isnan(value) else 'infinity'} from {source}. Nothing is decided until it "
        "returns a finite number; a division by zero is the usual cause."
    )
    return NoData(at, Reason.NO_DATA, words)


def _not_a_number(at: datetime, source: str, kind: str) -> SourceError:
    words = f"The query returned a {kind} from {source}, not a number; aggregate it to one, for example with max(...)."
    return SourceError(at, Reason.QUERY_INVALID, words)
