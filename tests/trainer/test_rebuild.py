"""A new estimator where there is a champion: which rows it learns, which later ones learn, and what is told of them."""

import json

from retrain_trainer.contract import EvaluateOutcome, TrainOutcome
from tests.trainer.world import WEEK, World

OTHER = {"parameters": {"loss": "log_loss", "alpha": 0.02}}
REFIT = {"estimator": "LogisticRegression", "parameters": {}, "mode": "Refit"}


def learned(world: World, name: str) -> list[int]:
    """Numbers of the weeks that a run trained on."""
    training = json.loads((world.root / f"workspace-{name}" / "candidate" / "training.json").read_text())
    return [int(update["batch"][5:8]) for update in training["updates"]]


def test_an_incremental_model_with_other_parameters_learns_all_there_is_and_updates_go_on_from_there(
    world: World,
) -> None:
    world.add(*range(6))
    world.promote(world.run("first"))
    assert learned(world, "first") == [0, 1, 2, 3]
    world.add(6, 7, 8, 9)
    run = world.run("second", model=OTHER)
    assert "kept as reference" not in run.collect.message
    assert run.train.rows == 8 * WEEK
    world.promote(run)
    assert learned(world, "second") == [0, 1, 2, 3, 4, 5, 6, 7]
    world.add(10, 11)
    world.run("third", model=OTHER)
    assert learned(world, "third") == [8, 9]


def test_a_refit_leaves_out_what_the_champion_was_judged_on_says_so_and_learns_it_later(world: World) -> None:
    world.add(*range(6))
    world.promote(world.run("first", model=REFIT))
    world.add(6, 7, 8, 9)
    run = world.run("second", model={**REFIT, "window": 4})
    assert run.collect.message.endswith(" 672 rows that the champion was judged on are kept as reference.")
    assert learned(world, "second") == [2, 3, 6, 7]
    world.promote(run)
    world.add(10, 11)
    world.run("third", model={**REFIT, "window": 4})
    assert learned(world, "third") == [4, 5, 6, 7]


def test_a_refit_with_nothing_left_to_train_on_is_inconclusive_and_says_why(world: World) -> None:
    world.add(*range(6))
    world.promote(world.run("first", model=REFIT))
    for week in range(4):
        (world.root / "data" / f"week-{week:03d}.parquet").unlink()
    world.add(6, 7)
    run = world.run("second", model=REFIT)
    assert (run.train.outcome, run.evaluate.outcome) == (TrainOutcome.SKIPPED, EvaluateOutcome.INCONCLUSIVE)
    assert run.evaluate.message.startswith(
        "Nothing is left to train a new model on: what the champion was judged on is "
    )
