"""A sample holds the rows with the smallest hashes, however they come, and preparing rows by hand changes no bit."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from retrain_trainer.data.rows import Rows, small
from retrain_trainer.data.sample import SAMPLE_ROWS, Sample, hashes_of
from retrain_trainer.learn import pipeline

ROWS = 35_000


@pytest.mark.parametrize("chunk", [1, 700, 9_000, ROWS], ids="{} at a time".format)
def test_a_sample_does_not_depend_on_the_chunks(chunk: int) -> None:
    random, rows = np.random.default_rng(0), ROWS if chunk > 1 else 3 * SAMPLE_ROWS // 2
    columns: list[NDArray[np.floating[Any]]] = [
        random.integers(0, 50, rows).astype(np.float32),
        random.integers(0, 500, rows) / 7,
    ]
    sample, hashes = Sample(2), hashes_of(columns)
    for begin in range(0, rows, chunk):
        sample.add([column[begin : begin + chunk] for column in columns], hashes[begin : begin + chunk])
    smallest = np.argsort(hashes, kind="stable")[:SAMPLE_ROWS]
    assert np.array_equal(sample.rows, np.stack(columns, axis=1)[smallest])
    assert np.array_equal(sample.hashes, hashes[smallest])


def test_a_float_has_one_hash_whatever_its_size() -> None:
    short = np.array([0.5, -1.25, 3.0], np.float32)
    assert np.array_equal(hashes_of([short]), hashes_of([short.astype(np.float64)]))


@pytest.mark.parametrize("missing", [False, True], ids=["whole", "with a value missing"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_are_prepared_to_the_bit_as_by_the_steps_themselves(missing: bool, order: str) -> None:
    random = np.random.default_rng(0)
    features = random.normal(3, 20, (5000, 4))
    features[::7, 1] = np.nan
    steps = [("fill", SimpleImputer()), ("scale", StandardScaler()), ("estimator", SGDClassifier(random_state=0))]
    model = Pipeline(steps).fit(features, random.integers(0, 2, 5000))
    asked = np.array(features if missing else np.nan_to_num(features), order=order)  # type: ignore[call-overload]
    before = asked.copy()
    made = pipeline.prepared(model, Rows.of(asked, np.zeros(5000), np.arange(5000)))
    assert np.array_equal(made.features, model[:-1].transform(before))
    assert made.finite
    assert np.array_equal(asked, before, equal_nan=True)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([0, 1], np.int8),
        ([-1, 300], np.int16),
        ([-200, 300], np.int16),
        ([0, 1 << 31], np.int64),
        ([-1, (1 << 60) + 1], np.int64),
        ([(1 << 60) + 1, (1 << 60) + 2], np.int64),
    ],
    ids=str,
)
def test_classes_stay_signed_integers_in_as_few_bytes_as_they_need(labels: list[int], kind: type) -> None:
    narrow = small(np.array(labels))
    assert narrow.dtype == kind
    assert narrow.tolist() == labels


def test_classes_that_are_no_integers_stay_as_they_are() -> None:
    for labels in (np.array(["a", "b"]), np.array([True]), np.array([0.5]), np.array([], np.int64)):
        assert small(labels) is labels


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39, -1e39], ids=str)
def test_what_is_not_finite_as_float32_is_not_called_finite(value: float) -> None:
    model = Pipeline([("estimator", SGDClassifier())])
    features = np.zeros((5, 2))
    assert pipeline.prepared(model, Rows.of(features, np.zeros(5), np.arange(5))).finite
    features[3, 1] = value
    assert not pipeline.prepared(model, Rows.of(features, np.zeros(5), np.arange(5))).finite
