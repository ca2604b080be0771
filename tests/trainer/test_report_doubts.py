"""What the page says of a version that scores well and for which that means little."""

from dataclasses import replace

import numpy as np

from retrain_trainer.report.axes import rulings
from retrain_trainer.report.gather import view
from retrain_trainer.report.notes import notes
from retrain_trainer.report.svg import around
from retrain_trainer.report.told import of_batches, of_confusion
from retrain_trainer.store.manifest import PAGE
from tests.trainer.pages import Made, found_of, said_of
from tests.trainer.world import WEEK, World

CLASSES = np.array(["no", "yes"])


def test_one_class_in_the_holdout(world: World) -> None:
    world.add(0, 1, 2, 3)
    world.add(4, 5, edit=lambda c: {**c, "y": np.zeros(WEEK, np.int64)})
    run = world.run("first")
    assert run.evaluate.message.endswith("on 672 held-out rows, all of class 0; there is no champion to compare with.")
    assert run.evaluate.candidate is not None
    page = (world.root / "store" / run.evaluate.candidate.uri.rpartition("/")[2] / PAGE).read_text()
    assert "The held-out rows hold only class 0: of the others nothing is known." in page
    assert "To say 0 of every row would be right in 100 %." in page


def test_the_most_frequent_class_is_told_beside_what_is_mixed_up() -> None:
    one = said_of(1000, CLASSES)
    seen = view(found_of([replace(one, truth=np.repeat(CLASSES, (930, 70)))])).confusion
    assert seen is not None
    assert of_confusion(seen).endswith(" To say no of every row would be right in 93 %.")


def test_columns_that_tell_nothing() -> None:
    found = found_of([said_of(500, CLASSES)], Made(champion=False))
    empty, still, lively = found.profile.features
    empty = empty.model_copy(update={"minimum": None, "maximum": None})
    still = still.model_copy(update={"maximum": still.minimum})
    profile = found.profile.model_copy(update={"features": (empty, still, lively)})
    said = notes(view(replace(found, profile=profile)))
    assert "1 column has no value in any row: column0." in said
    assert "1 column has one same value in all rows: column1." in said


def test_rows_are_held_out_in_this_run_only() -> None:
    """What the champion was judged on is behind a version as well, and may be in no file any more."""
    found = found_of([said_of(100, CLASSES)])
    gone = found.plan.seen[0].model_copy(update={"name": "gone", "behind": 0})
    plan = found.plan.model_copy(update={"seen": (gone, *found.plan.seen)})
    said = of_batches(view(replace(found, plan=plan)).batches, None)
    assert said == "500 rows learned in this run; 100 newer rows held out."


def test_the_scale_of_values_that_are_all_the_same_has_numbers_that_differ() -> None:
    for value in (1.0, 0.9, 123456.0):
        words = [mark.text for mark in rulings(around([value, value], 0, 100)) if mark.text]
        assert len(words) == len(set(words)) > 1
