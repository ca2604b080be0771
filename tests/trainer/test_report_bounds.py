"""The page of a run stays small, quick and harmless, however much data there is and whatever it is called."""

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from retrain_trainer import report
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.gather import view
from retrain_trainer.report.page import page
from retrain_trainer.report.wording import word
from tests.trainer.pages import Made, found_of, numbers_of, said_of

MIB = 1 << 20
LARGEST = 300 * 1024
HOSTILE = "<script>{}</script>" + "'\"&<>\u202e\0" * 60
MANY = Made(features=4096, batches=10_000, left_out=3000, put_back=3000, name=HOSTILE)
THOUSAND = np.array([f"<script>alert({n:03})</script>" for n in range(1000)])


@pytest.mark.parametrize(
    "predicted",
    [
        pytest.param([said_of(5000, THOUSAND), said_of(5000, THOUSAND, 1)], id="a thousand classes"),
        pytest.param([numbers_of(60_000), numbers_of(60_000, 1)], id="numbers"),
    ],
)
def test_of_hostile_words_without_end_is_small_and_harmless(predicted: list[Predicted]) -> None:
    text = page(view(found_of(predicted, MANY)))
    assert len(text.encode()) <= LARGEST
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "\0" not in text
    assert "And 3,976 more columns: see profile.json." in text
    assert "And 2,992 more batches that were left out: see the log of collect." in text


@pytest.mark.parametrize("rows", [1, 2, 99])
def test_of_hardly_any_rows(rows: int) -> None:
    classes = np.array([False, True])
    assert "rows held out" in page(
        view(found_of([said_of(rows, classes)], Made(features=1, batches=2, champion=False)))
    )
    assert "rows held out" in page(view(found_of([numbers_of(rows)], Made(features=1, batches=2, champion=False))))


def test_of_predictions_that_ran_away() -> None:
    found = numbers_of(500)
    found.said[:100] = np.inf
    found.said[100:200] = np.nan
    text = page(view(found_of([found, numbers_of(500, 1)])))
    assert "The candidate is ahead in 0 of 5 days and behind in 5. Its worst rmse is 1.1241, on 1970-01-03" in text
    assert "Some of the candidate&#39;s predictions are no numbers." in text
    assert "nan" not in text
    assert "inf" not in text


def test_of_a_label_that_never_changes() -> None:
    found = numbers_of(500, noise=0.0)
    found.truth[:] = 3.0
    found.said[:] = 3.0
    assert "The candidate is right on average." in page(view(found_of([found])))


MILLION = 1_200_000


@pytest.mark.parametrize("kind", ["two classes", "ten words", "numbers"])
def test_of_a_large_holdout_takes_little_memory_and_time(kind: str) -> None:
    classes = np.arange(2) if kind == "two classes" else np.array([f"class{n}" for n in range(10)])
    made = [numbers_of(MILLION, n) if kind == "numbers" else said_of(MILLION, classes, n) for n in (0, 1)]
    found = found_of(made)
    page(view(found))
    began = time.process_time()
    page(view(found))
    took = time.process_time() - began
    tracemalloc.start()
    page(view(found))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * MIB
    assert took < 2  # 0.1 to 0.5 s where nothing else runs


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("week-001.parquet", "week-001.parquet"),
        ("a" * 32 + "b" * 30, "a" * 32 + "…" + "b" * 15),
        ("tab\tand\nline", "tab\ufffdand\ufffdline"),
        (True, "True"),
        ("x" * 10**6, "x" * 32 + "…" + "x" * 15),
    ],
    ids=["as it is", "cut in its middle", "what cannot be seen", "no text", "a megabyte"],
)
def test_a_word_from_data_is_short_and_printable(long: object, short: str) -> None:
    assert word(long) == short
    assert len(word(long)) <= 48


CSS = (Path(report.__file__).parent / "templates" / "page.css").read_text()


def colours(block: str) -> dict[str, tuple[int, ...]]:
    """The colours of one block of the style sheet, each as red, green and blue."""
    found = {}
    for part in block.replace("\n", "").split(";"):
        name, _, value = part.strip().partition(": ")
        if value.startswith("#"):
            found[name] = tuple(bytes.fromhex(value[1:]))
        elif value:
            found[name] = tuple(map(int, value.split()))
    return found


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(colour: tuple[int, ...]) -> float:
        shares = [value / 255 for value in colour]
        linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_every_word_can_be_read_on_its_ground(place: int) -> None:
    found = colours(CSS.split(":root {")[place + 1].split("}")[0])
    words = ("--ink", "--faint", "--cand", "--champ", "--good", "--bad", "--warn")
    for ground in ("--paper", "--card", "--yes", "--no"):
        for name in words if ground in {"--paper", "--card"} else ("--ink", "--faint", "--good", "--bad"):
            assert contrast(found[name], found[ground]) >= 4.5, (name, ground)
    # The darkest cells of the confusion matrix have these colours at 45 %.
    for name in ("--cand", "--miss"):
        cell = tuple(round(0.45 * a + 0.55 * b) for a, b in zip(found[name], found["--card"], strict=True))
        assert contrast(found["--ink"], cell) >= 4.5, name
