"""Casts the chunks of a file to the types of the layout, which all files of a policy have to fit.

Which columns need it is looked up once a file: its chunks are alike, and there may be thousands of them.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retrain_trainer.contract.wording import count
from retrain_trainer.data import bounds
from retrain_trainer.data.categories import coded
from retrain_trainer.data.rows import ARROW, Layout, Type
from retrain_trainer.telling.faults import BadBatchError, Problem

YEARS = np.datetime64("0001-01-01", "s"), np.datetime64("10000-01-01", "s")


@dataclass(frozen=True, slots=True)
class Fitting:
    """How the chunks of one file become those of a layout: of its types, the columns of these numbers do not fit."""

    layout: Layout
    schema: pa.Schema
    words: range
    odd: tuple[int, ...]

    @classmethod
    def of(cls, seen: pa.Schema, layout: Layout) -> Self:
        """Look up what to do with chunks of a schema, whose columns are in the order of the layout."""
        schema, numbers = layout.arrow(), len(layout.numbers)
        words = range(numbers, len(layout.inputs))
        kinds = list(zip(seen.types, schema.types, strict=True))
        fit = {place for place, (has, wanted) in enumerate(kinds) if has == wanted}
        fit |= {place for place, (has, _) in enumerate(kinds[:numbers]) if pa.types.is_float32(has)}
        return cls(layout, schema, words, tuple(sorted({*range(len(kinds))} - fit | {*words})))

    def fitted(self, chunk: pa.RecordBatch, batch: str) -> pa.RecordBatch:
        """Cast a chunk; BadBatchError names the column that does not cast. Features of float32 stay so.

        A label of NaN is none, as null is.
        """
        labels, name = chunk.column(self.words.stop), self.layout.label
        bounds.check_words(labels, batch, name)
        known = _labels(_plain(labels), batch, name)
        if known is not labels:
            chunk = chunk.set_column(self.words.stop, name, known)
        if self.layout.time is not None:
            _require_moments(_plain(chunk.column(self.words.stop + 1)), batch, self.layout.time)
        for place in self.odd:
            column = chunk.column(place)
            made = coded(column) if place in self.words else self._cast(column, batch, place)
            chunk = chunk.set_column(place, self.schema.field(place).name, made)
        if self.layout.time is not None:
            _require_times(chunk.column(self.words.stop + 1), batch, self.layout.time)
        return chunk

    def _cast(self, column: pa.Array, batch: str, place: int) -> pa.Array:
        """Return a column in the type of the layout. Features and times may lose digits."""
        field = self.schema.field(place)
        column = _plain(column)
        times = pa.types.is_timestamp(column.type) and pa.types.is_timestamp(field.type)
        if times and column.type.unit == field.type.unit:
            return column.view(field.type)  # times without a zone are UTC: no number changes
        try:
            made = column.cast(field.type, safe=place >= self.words.stop and not pa.types.is_timestamp(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            expected, seen = f"values that fit {field.type}", f"{column.type}"
            if pa.types.is_integer(field.type) and pa.types.is_floating(column.type):
                expected, seen = "classes to learn (for numbers take a regressor)", "numbers that are not whole"
                if place > self.words.stop:
                    expected = "whole numbers to order rows by, as in the files before"
            raise BadBatchError(Problem(batch, "type", expected, seen, field.name)) from None
        if pa.types.is_boolean(field.type):
            _require_same(made, column, batch, field.name)
        return made


def csv_types(seen: pa.Schema, layout: Layout) -> dict[str, pa.DataType]:
    """Return as what to read the columns of a CSV file, whose first rows alone told what was seen.

    Numbers are read as float64 even where the first ones are integers, and times with the fractions that may follow.
    """
    has = dict(zip(seen.names, seen.types, strict=True))
    flags = {name for name, kind in has.items() if pa.types.is_boolean(kind)}
    types = {name: pa.float64() for name in layout.numbers if name not in flags}
    types |= {words.column: pa.string() for words in layout.categories}
    if layout.label not in flags and layout.label_type is not Type.BOOLEAN:
        types[layout.label] = pa.float64() if layout.label_type is Type.INTEGER else ARROW[layout.label_type]
    if layout.time is None:
        return types
    time = has.get(layout.time, pa.null())
    if layout.time_type is Type.NUMBER:
        types[layout.time] = pa.float64()
    elif pa.types.is_date32(time) or (pa.types.is_timestamp(time) and time.unit == "s"):
        types[layout.time] = pa.timestamp("us", getattr(time, "tz", None))
    return types


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _labels(column: pa.Array, batch: str, name: str) -> pa.Array:
    """Return labels with null for NaN; BadBatchError for an infinite one, which no estimator takes."""
    if not pa.types.is_floating(column.type):
        return column
    infinite = column.filter(pc.is_inf(column))
    if len(infinite):
        raise BadBatchError(Problem(batch, "finite", "no infinite label", str(infinite[0].as_py()), name))
    lacking = pc.is_nan(column)
    return pc.if_else(lacking, pa.scalar(None, column.type), column) if pc.any(lacking).as_py() else column


def _require_same(flags: pa.Array, column: pa.Array, batch: str, name: str) -> None:
    """Refuse numbers other than 0 and 1, of which Arrow makes true all that are not 0."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return
    other = column.filter(pc.not_equal(flags.cast(column.type), column))
    if len(other):
        expected = "true and false, or 1 and 0, as the classes before"
        raise BadBatchError(Problem(batch, "type", expected, f"{other[0].as_py():g}", name))


def _require_moments(column: pa.Array, batch: str, name: str) -> None:
    """Refuse times that no calendar has, before a cast could make others of them, and infinite numbers."""
    types = pa.types
    if types.is_float32(column.type) or types.is_float64(column.type):
        infinite = column.filter(pc.is_inf(column))
        if len(infinite):
            raise BadBatchError(Problem(batch, "time", "finite numbers to order rows by", str(infinite[0]), name))
    if not (types.is_timestamp(column.type) or types.is_date(column.type)):
        return
    unit = column.type.unit if types.is_timestamp(column.type) else "D" if types.is_date32(column.type) else "ms"
    for edge in pc.min_max(column).values():
        moment = np.array(edge.value, f"datetime64[{unit}]")
        if edge.is_valid and not YEARS[0] <= moment.astype("datetime64[s]") < YEARS[1]:
            expected = "times from the year 1 to 9999 (are milliseconds stored as seconds?)"
            raise BadBatchError(Problem(batch, "time", expected, str(moment), name))


def _require_times(column: pa.Array, batch: str, name: str) -> None:
    floating = pa.types.is_floating(column.type)
    lacking = column.is_null(nan_is_null=True).sum().as_py() if floating else column.null_count
    if lacking:
        raise BadBatchError(Problem(batch, "time", "a time in every row", f"{count(lacking, 'row')} without", name))
