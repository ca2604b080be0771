"""New data that an earlier run tried in the same way, to no avail, is not trained on again."""

import pytest

from retrain_trainer.contract import Collected, CollectOutcome
from tests.trainer.world import WEEK, World, ended

KNOWN = (
    "No new data: an earlier run already tried these batches in the same way, to no avail; nothing is trained until "
    "there is more."
)


class TestKnownData:
    """A champion, three batches after it, and a run whose candidate was not promoted."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.begin(6)
        world.add(6, 7, 8)
        world.task["knownData"] = world.run("second").collect.data_digest
        assert world.task["knownData"] is not None
        return world

    def test_is_not_trained_on_again(self, world: World) -> None:
        run = world.run("third")
        assert ended(run, CollectOutcome.NO_NEW_DATA) == KNOWN
        assert run.collect.data_digest == world.task["knownData"]
        assert [path.name for path in (world.root / "workspace-third").iterdir()] == ["plan.json"]
        assert sorted(path.name for path in world.store.iterdir()) == ["v000001-first", "v000002-second"]

    def test_is_the_same_under_other_names_in_another_order_and_twice(self, world: World) -> None:
        data = world.root / "data"
        (data / "week-007.parquet").rename(data / "week-010.parquet")
        (data / "copy.parquet").write_bytes((data / "week-006.parquet").read_bytes())
        assert ended(world.run("third"), CollectOutcome.NO_NEW_DATA) == KNOWN

    def test_and_one_more_batch_is_new(self, world: World) -> None:
        world.add(9)
        assert collected_anew(world).batches == 6  # weeks 4 and 5, held out for the champion, and 6 to 9

    def test_with_a_changed_batch_is_new(self, world: World) -> None:
        world.add(7, rule=(2, 1, 0))
        assert collected_anew(world).batches == 5

    def test_with_a_bad_batch_replaced_by_another_bad_one_is_new(self, world: World) -> None:
        world.task["data"]["validation"] = {"onBadBatch": "Skip"}
        bad = world.root / "data" / "week-009.parquet"
        bad.write_bytes(b"PAR1 but not really")
        world.task["knownData"] = collected_anew(world).data_digest
        assert ended(world.run("fourth"), CollectOutcome.NO_NEW_DATA) == KNOWN
        bad.write_bytes(b"PAR1 and no more real")
        assert collected_anew(world, "fifth").batches == 5

    def test_is_new_to_a_champion_that_learned_from_fewer_rows_of_an_older_batch(self, world: World) -> None:
        world.champion, other = None, {"source": f"file://{world.root}/data/week-00[0-5].parquet"}
        world.promote(world.run("other", data={**other, "holdout": {"minRows": 3 * WEEK}}))
        assert collected_anew(world).batches == 6  # week 3 was held out too

    def test_is_trained_on_when_nobody_says_that_it_is_known(self, world: World) -> None:
        known = world.task.pop("knownData")
        run = world.run("third")
        assert (run.collect.outcome, run.collect.data_digest) == (CollectOutcome.COLLECTED, known)
        assert run.evaluate.candidate is not None


def collected_anew(world: World, name: str = "third") -> Collected:
    """Run once more, check that a candidate was made from other data than what is known, and return what was found."""
    run = world.run(name)
    assert run.collect.outcome is CollectOutcome.COLLECTED
    assert run.collect.data_digest not in {None, world.task["knownData"]}
    assert run.evaluate.candidate is not None
    return run.collect


class TestTheDigestIsTold:
    def test_of_too_few_rows(self, world: World) -> None:
        world.begin(6)
        world.add(6, rows=40)
        run = world.run("second")
        assert ended(run, CollectOutcome.NO_NEW_DATA).startswith("Only 40 new rows")
        assert run.collect.data_digest is not None

    def test_of_invalid_data(self, world: World) -> None:
        world.add(*range(5))
        (world.root / "data" / "week-005.parquet").write_bytes(b"PAR1 but not really")
        invalid = world.run("first")
        ended(invalid, CollectOutcome.DATA_INVALID)
        skipped = world.run("second", data={"validation": {"onBadBatch": "Skip"}})
        assert invalid.collect.data_digest == skipped.collect.data_digest is not None

    def test_of_a_holdout_too_small_to_decide(self, world: World) -> None:
        world.add(0)
        run = world.run("first")
        assert run.collect.data_digest is not None
        assert run.evaluate.candidate is None

    def test_but_not_where_there_is_nothing_new(self, world: World) -> None:
        assert world.run("none").collect.data_digest is None
        world.begin(6)
        run = world.run("second", knownData=f"sha256:{'0' * 64}")
        assert ended(run, CollectOutcome.NO_NEW_DATA).endswith("has seen all 6 batches there are.")
        assert run.collect.data_digest is None
