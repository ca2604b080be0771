"""The whole loop on a bucket: batches are found there, versions live there, and servers load them from there."""

from retrain_trainer.contract import CollectOutcome
from tests.trainer.s3 import BucketWorld
from tests.trainer.world import ended


def test_the_whole_loop(bucket_world: BucketWorld) -> None:
    world = bucket_world
    first = world.begin(6)
    assert first.collect.message == "6 batches with 2,016 new rows; the newest 672 are held out."
    assert first.evaluate.candidate is not None
    assert first.evaluate.candidate.uri == f"{world.store_uri}/v000001-first"
    world.add(6, 7, 8)
    second = world.promote(world.run("second"))
    assert second.collect.batches == 5
    assert second.evaluate.candidate is not None
    assert second.evaluate.candidate.uri == f"{world.store_uri}/v000002-second"
    message = ended(world.run("third"), CollectOutcome.NO_NEW_DATA)
    assert "has seen all" in message
