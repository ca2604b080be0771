"""The reference server loads a version straight from a bucket, and waits for one that it cannot reach."""

import asyncio

import pytest

from retrain_trainer.learn import pipeline
from retrain_trainer.serve import server
from retrain_trainer.store.versions import open_version
from tests.trainer.client import rows, serving
from tests.trainer.s3 import ADMIN, BucketWorld
from tests.trainer.world import Run


@pytest.fixture
def begun(bucket_world: BucketWorld) -> Run:
    return bucket_world.begin(6)


async def test_it_answers_as_the_version_in_the_bucket_does(bucket_world: BucketWorld, begun: Run) -> None:
    candidate = begun.evaluate.candidate
    assert candidate is not None
    features, _ = rows(bucket_world, 9)
    model = pipeline.load_model(open_version(candidate.uri, candidate.digest))
    async with serving(candidate.uri, digest=candidate.digest) as client:
        status, answer = await client.infer(features)
    assert status == 200
    assert answer["model_version"] == "v000001-first"
    assert answer["outputs"][0]["data"] == model.predict(features).tolist()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        ("digest", "is not the version that was trained: its digest is sha256:"),
        ("model.skops", "/model.skops was changed: its digest is sha256:"),
        ("profile.json", "/profile.json was changed: its digest is sha256:"),
        ("manifest.json", "is no version: it has no manifest.json."),
        (
            "credentials",
            ": the credentials are not accepted (SignatureDoesNotMatch); check the Secret ",
        ),
    ],
)
async def test_it_is_not_ready_before_the_version_has_proved_itself(
    bucket_world: BucketWorld, begun: Run, spoil: str, reason: str
) -> None:
    candidate, digest = begun.evaluate.candidate, None
    assert candidate is not None
    match spoil:
        case "digest":
            digest = "sha256:" + "0" * 64
        case "credentials":
            bucket_world.patch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
        case "manifest.json":
            bucket_world.objects.delete([f"models/churn/v000001-first/{spoil}"])
        case _:
            bucket_world.objects.put(f"models/churn/v000001-first/{spoil}", b"other")
    async with serving(candidate.uri, ready=False, digest=digest) as client:
        answer = {"error": ""}
        while reason not in answer["error"]:
            status, answer = await client.get("/v2/health/ready")
            assert status == 503
            await asyncio.sleep(0.02)
    assert answer["error"].removeprefix("No access to ").startswith(candidate.uri)


async def test_it_becomes_ready_once_the_bucket_lets_it_in(bucket_world: BucketWorld, begun: Run) -> None:
    candidate = begun.evaluate.candidate
    assert candidate is not None
    bucket_world.patch.setattr(server, "RETRY_SECONDS", 0.05)
    bucket_world.patch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
    async with serving(candidate.uri, ready=False) as client:
        await asyncio.sleep(0.3)
        assert (await client.get("/v2/health/ready"))[0] == 503
        bucket_world.patch.setenv("AWS_SECRET_ACCESS_KEY", ADMIN[1])
        await asyncio.wait_for(client.ready(), timeout=10)
