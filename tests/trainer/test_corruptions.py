"""Ten ways to spoil Elec2, each stopped by a check or a gate with a name, and no clean batch of it refused.

The gate asks only for more accuracy than the champion's, so that nothing but the checks and the comparison stands
between the data and production. `make bench-gate` tries the same over many seeds.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from retrain_operator.decide.moves import Wait
from retrain_trainer.contract import Answer, Champion, CollectOutcome
from tests.demo import elec2
from tests.demo.stream import Stream
from tests.runs import NAME, NONCE, ARun, a_run
from tests.trainer.corruptions import CORRUPTIONS, MODELS, SPOILED, WITHOUT, begin, put, rows
from tests.trainer.world import Run, World, ended

GATE = {"gates": [{"metric": "accuracy"}]}
WEEK = r"Batch week-020\.parquet, "
CHECKS = {
    "labels flipped": r"All new batches, column up, check inverted labels: expected the champion to be right in 40% of "
    r"the held-out rows \(mean of both classes\), seen 2\d% \(do the labels mean the opposite, or is it the champion ",
    "two columns swapped": r"All new batches, column nswprice, check distance: expected a distance \(PSI\) of at most "
    r"5 from the champion's data, seen 5\.\d",
    "one class only": WEEK + r"column up, check missing class: expected about \d+ rows of 0, seen none \(leave ",
    "unit x1000": WEEK + r"column nswdemand, check range: expected most values from \S+ to \S+, seen 100% outside",
    "a constant column": WEEK + r"column nswdemand, check constant: expected values that differ, seen 0\.4 in all 336",
    "30 % of a column zero": WEEK + "column nswdemand, check most common value: expected at most 2[0-9]% with one same "
    "value, seen 30%",
    "half the rows repeated": WEEK + r"check duplicates: expected at most 20% repeated rows, seen 50% \(leave ",
    "noise on all features": WEEK + "column period, check most common value: expected values that repeat, as in every "
    "batch before, seen a different one in each of 336 rows",
}
"""What collect says."""
GATED = ("30 % of labels flipped", "random labels")
"""Nothing is wrong with the columns: the candidate is not better on the same rows."""


@pytest.fixture(scope="module")
def stream() -> Stream:
    return rows()


@pytest.fixture(scope="module", params=MODELS)
def served(request: pytest.FixtureRequest, stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose champion is in service; every test replaces the weeks that come after."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path_factory.mktemp("elec2"), patch)
        world.task |= {"nonce": NONCE}
        begin(world, stream, request.param, random_state=0)
        yield world


def judged(world: World, run: Run) -> ARun:
    """Tell the operator what the steps said, under the name that its run has."""
    answers: list[Answer] = [run.collect, run.train, run.evaluate]
    told = [each.model_copy(update={"run": NAME}).model_dump_json(by_alias=True, exclude_none=True) for each in answers]
    champion = Champion.model_validate(world.champion)
    spec = {"evaluation": GATE, "model": {"store": world.store_uri, "estimator": "SGDClassifier"}}
    return replace(a_run().with_spec(**spec).passed(), champion=champion).trained_with(*told)


def spoiled(world: World, stream: Stream, name: str) -> Run:
    put(world, stream, SPOILED, CORRUPTIONS[name])
    return world.run(re.sub(r"\W+", "-", name))


@pytest.mark.parametrize("name", CHECKS)
def test_is_stopped_by_the_check_that_names_it(served: World, stream: Stream, name: str) -> None:
    run = spoiled(served, stream, name)
    assert re.match(CHECKS[name], ended(run, CollectOutcome.DATA_INVALID)), run.collect.message
    move = judged(served, run).move
    assert move.act == Wait()
    assert (move.status.outcome, move.status.reason, move.status.verdict) == ("DataInvalid", "DataInvalid", None)
    assert move.status.message == run.collect.message


@pytest.mark.parametrize("name", GATED)
def test_is_stopped_by_the_gate(served: World, stream: Stream, name: str) -> None:
    run = spoiled(served, stream, name)
    (score,) = run.evaluate.scores
    assert score.lower_bound is not None
    assert score.lower_bound <= 0
    status = judged(served, run).move.status
    assert (status.outcome, status.reason) == ("Rejected", "NotBetter")


def test_rows_that_cannot_be_had_are_no_success_unless_they_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable() -> Stream:
        raise elec2.UnavailableError("pip could not download the rows.")

    monkeypatch.setattr(elec2, "load", unavailable)
    monkeypatch.delenv(WITHOUT, raising=False)
    with pytest.raises(pytest.fail.Exception, match=r"^pip could not download the rows\. .*; WITHOUT_ELEC2=1 leaves"):
        rows()
    monkeypatch.setenv(WITHOUT, "1")
    with pytest.raises(pytest.skip.Exception, match=r"^pip could not download the rows\. WITHOUT_ELEC2 is set\.$"):
        rows()


def test_all_ten_are_named() -> None:
    assert len(CORRUPTIONS) == 10
    assert CORRUPTIONS.keys() == {*CHECKS, *GATED}


def test_the_clean_batch_passes_every_check(served: World, stream: Stream) -> None:
    put(served, stream, SPOILED)
    run = served.run("clean")
    assert (run.collect.outcome, run.collect.batches) == (CollectOutcome.COLLECTED, 14)  # 10 and 11 were held out
    assert judged(served, run).move.status.reason != "DataInvalid"


@pytest.mark.parametrize("estimator", MODELS)
def test_none_of_thirty_clean_batches_of_four_weeks_is_refused(stream: Stream, world: World, estimator: str) -> None:
    """What is normal moves on with the champion, here every twelve weeks; in between it is up to eight weeks old."""
    begin(world, stream, estimator, random_state=0)
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
