"""kill -9 at random moments of a commit to a bucket, or of a copy from one: the next attempt makes the same of it."""

import os
import random
import secrets
import shutil
from typing import Any

from retrain_trainer.learn import pipeline
from retrain_trainer.store.manifest import GOLDEN, HOLDOUT
from retrain_trainer.store.versions import Store, open_version
from tests.trainer.kills import FOREVER, Attempt, Cluster, drafts
from tests.trainer.s3 import BucketWorld

KILLS = 20


def substance(uri: str) -> tuple[Any, ...]:
    """Check a version's every file, load it, and return all that it was measured by and predicts."""
    version = open_version(uri, None)
    for name in version.manifest.files:
        version.path_of(name)
    pipeline.load_model(version)
    said = version.manifest.evaluated
    return said.scores, said.holdout, version.read(GOLDEN), version.read(HOLDOUT)


def test_killed_at_random_moments_of_a_commit_a_run_makes_one_version(bucket_world: BucketWorld) -> None:
    world, cluster = bucket_world, Cluster(bucket_world)
    seed = int(os.environ.get("RETRAIN_SEED") or secrets.randbits(32))
    world.add(*range(6))
    clean = prepared(world, "clean", cluster)
    assert clean.commit is not None
    substances = {substance(uri) for uri in versions_of(world, "clean")}
    print(f"RETRAIN_SEED={seed} repeats this. Seconds of a commit that nobody disturbs: {clean.commit:.3f}")
    chance, unfinished, seconds = random.Random(seed), 0, clean.commit
    for number in range(KILLS):
        name = f"kill{number}"
        killed = prepared(world, name, cluster, (number + chance.random()) / KILLS * seconds)
        before = versions_of(world, name)
        if before:
            seconds *= 0.7  # too late: the first commit was slower than this one
        unfinished += killed.killed and not before and any(entry.endswith(f"-{name}") for entry in world.versions())
        candidate = world.step("evaluate", name).candidate
        assert [candidate.uri] == versions_of(world, name) == (before or [candidate.uri])
        substances.add(substance(candidate.uri))
    assert len(substances) == 1
    assert unfinished > 0, "no kill came between the first and the last request of a commit"
    print(f"{KILLS} kills, {unfinished} of them between the first and the last request of a commit.")


def test_killed_while_it_copies_a_run_collects_the_same(bucket_world: BucketWorld) -> None:
    world, cluster = bucket_world, Cluster(bucket_world)
    world.add(*range(24))
    workspace = world.workspace("run")
    clean, chance = cluster.attempt("collect", "run"), random.Random(secrets.randbits(32))
    plan, killed = (workspace / "plan.json").read_bytes(), 0
    for number in range(KILLS // 2):
        shutil.rmtree(world.workspace("run"))
        world.workspace("run")
        attempt = cluster.attempt("collect", "run", (number + chance.random()) / (KILLS // 2) * clean.lasted)
        killed += attempt.killed
        world.step("collect", "run")
        assert (workspace / "plan.json").read_bytes() == plan
        assert drafts(workspace) == []
        assert len(list((workspace / "batches").iterdir())) == 24
    assert killed > 0


def prepared(world: BucketWorld, name: str, cluster: Cluster, kill_after: float = FOREVER) -> Attempt:
    """Collect and train a run, and let it evaluate for so long after its commit has begun."""
    world.workspace(name)
    world.step("collect", name)
    world.step("train", name)
    return cluster.attempt("evaluate", name, kill_after, in_commit=True)


def versions_of(world: BucketWorld, name: str) -> list[str]:
    return [
        f"{world.store_uri}/{found}" for found in Store(world.store_uri).shelf.versions() if found.endswith(f"-{name}")
    ]
