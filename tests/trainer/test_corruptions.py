"""Six ways to corrupt Elec2, each stopped by the check that names it, and no clean batch of it refused.

The champion learned from weeks 0 to 9 and was judged on 10 and 11; weeks 20 to 31 come corrupted. The gate asks only
for more accuracy than the champion's, so that nothing but the checks stands between the data and production.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from retrain_operator.decide.moves import Wait
from retrain_trainer.contract import Answer, Champion, CollectOutcome
from tests.demo import elec2
from tests.demo.stream import COLUMNS, LABEL, ROWS_A_WEEK, TIME, Stream
from tests.runs import NAME, NONCE, ARun, a_run
from tests.trainer.world import Edit, Run, World, ended

GATE = {"gates": [{"metric": "accuracy"}]}
MODELS: dict[str, dict[str, Any]] = {
    "SGDClassifier": {"mode": "Incremental", "parameters": {"random_state": 0}},
    "HistGradientBoostingClassifier": {
        "mode": "Refit",
        "window": 12,
        "parameters": {"random_state": 0, "max_iter": 20},
    },
}


@pytest.fixture(scope="module")
def stream() -> Stream:
    try:
        return elec2.load()
    except elec2.UnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=MODELS)
def served(request: pytest.FixtureRequest, stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose champion is in service; every test replaces the weeks that come after."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path_factory.mktemp("elec2"), patch)
        model = {"estimator": request.param, "store": world.store_uri} | MODELS[request.param]
        world.task |= {"nonce": NONCE, "model": model}
        world.task["data"] |= {"label": LABEL, "holdout": {}}
        put(world, stream, range(12))
        world.promote(world.run("first", data={"holdout": {"minRows": 2 * ROWS_A_WEEK, "fraction": 0.1}}))
        yield world


def put(world: World, stream: Stream, weeks: range, edit: Edit = dict) -> None:
    """Write each of the weeks as a batch, after an edit of its columns."""
    for week in map(stream.week, weeks):
        start = np.datetime64(week.start.replace(tzinfo=None), "us")
        time = start + np.arange(ROWS_A_WEEK) * np.timedelta64(30, "m")
        columns = {TIME: time, **dict(zip(COLUMNS, week.features.T, strict=True)), LABEL: week.labels}
        world.write(week.file_name, pa.table(edit(columns)))


def judged(world: World, run: Run) -> ARun:
    """Tell the operator what the steps said, under the name that its run has."""
    answers: list[Answer] = [run.collect, run.train, run.evaluate]
    told = [each.model_copy(update={"run": NAME}).model_dump_json(by_alias=True, exclude_none=True) for each in answers]
    champion = Champion.model_validate(world.champion)
    return replace(a_run().with_spec(evaluation=GATE).passed(), champion=champion).trained_with(*told)


def zeroed(columns: dict[str, Any]) -> dict[str, Any]:
    """Put zeros where three rows of ten had a value."""
    return {**columns, "nswdemand": np.where(np.arange(ROWS_A_WEEK) % 10 < 3, 0.0, columns["nswdemand"])}


CASES: dict[str, tuple[Edit, str]] = {
    "two columns are swapped": (
        lambda c: {**c, "nswprice": c["nswdemand"], "nswdemand": c["nswprice"]},
        r"All new batches, column nswprice, check distance: expected a distance \(PSI\) of at most 5 from the "
        r"champion's data, seen 5\.\d",
    ),
    "one class only": (
        lambda c: {name: values[c[LABEL] == 1] for name, values in c.items()},
        r"Batch week-020\.parquet, column up, check missing class: expected about \d+ rows of 0, seen none\.",
    ),
    "the unit changed": (
        lambda c: {**c, "nswdemand": c["nswdemand"] * 1000},
        r"Batch week-020\.parquet, column nswdemand, check range: expected most values from \S+ to \S+, "
        "seen 100% outside",
    ),
    "a column stands still": (
        lambda c: {**c, "nswdemand": np.full(ROWS_A_WEEK, 0.4)},
        r"Batch week-020\.parquet, column nswdemand, check constant: expected values that differ, seen 0\.4 in all 336",
    ),
    "zeros fill gaps": (
        zeroed,
        r"Batch week-020\.parquet, column nswdemand, check most common value: expected at most 2\d% with one same "
        "value, seen 30%",
    ),
    "rows are repeated": (
        lambda c: {name: values[np.arange(ROWS_A_WEEK) // 2] for name, values in c.items()},
        r"Batch week-020\.parquet, check duplicates: expected at most 20% repeated rows, seen 50%\.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_is_stopped_by_the_check_that_names_it(served: World, stream: Stream, case: str) -> None:
    edit, expected = CASES[case]
    put(served, stream, range(20, 32), edit)
    run = served.run(re.sub(r"\W", "-", case))
    assert re.match(expected, ended(run, CollectOutcome.DATA_INVALID)), run.collect.message
    move = judged(served, run).move
    assert move.act == Wait()
    assert (move.status.outcome, move.status.reason, move.status.verdict) == ("DataInvalid", "DataInvalid", None)
    assert move.status.message == run.collect.message


def test_the_clean_batch_passes_every_check(served: World, stream: Stream) -> None:
    put(served, stream, range(20, 32))
    run = served.run("clean")
    assert (run.collect.outcome, run.collect.batches) == (CollectOutcome.COLLECTED, 14)  # 10 and 11 were held out
    assert judged(served, run).move.status.reason != "DataInvalid"


def test_none_of_thirty_clean_batches_of_four_weeks_is_refused(stream: Stream, world: World) -> None:
    """What is normal moves on with the champion, here every twelve weeks; in between it is up to eight weeks old."""
    world.task["model"] = {"store": world.store_uri, "estimator": "GaussianNB"}
    world.task["data"] |= {"label": LABEL, "holdout": {}}
    put(world, stream, range(12))
    world.promote(world.run("first"))
    found = []
    for number, first in enumerate(range(12, 132, 4)):
        put(world, stream, range(first, first + 4))
        if number % 3 == 2:
            found.append(world.promote(world.run(f"week-{first}")).collect)
        else:
            world.workspace(f"week-{first}")
            found.append(world.step("collect", f"week-{first}"))
    assert len(found) == 30
    assert [each.message for each in found if each.outcome is not CollectOutcome.COLLECTED] == []
