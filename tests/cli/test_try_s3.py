"""`kubectl retrain try` with batches and versions in a bucket of a real S3 server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shop import Shop
from tests.trainer.s3 import BucketWorld, running


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    world = tmp_path / "try-in-a-bucket"
    world.mkdir()
    with running(folder) as gateway:
        yield Shop(BucketWorld(world, monkeypatch, gateway=gateway))


def test_a_champion_in_a_bucket(shop: Shop) -> None:
    assert isinstance(shop.world, BucketWorld)
    shop.world.add(*range(6))
    places = ("--data", f"s3://{shop.world.bucket.name}/data/*", "--store", shop.world.store_uri)
    first = shop.told(*places)
    assert (first["outcome"], first["candidate"]["kept"]) == ("Succeeded", True)
    champion = first["candidate"]["uri"]
    assert champion == f"{shop.world.store_uri}/{first['candidate']['version']}"
    assert shop.world.versions() == [first["candidate"]["version"]]
    alone = shop.attempt(*places[:2], "--champion", champion)
    needs = f"--champion {champion} can only be compared in its own store: name that by --store."
    assert (alone.code, alone.err) == (2, f"Error: {needs}\n")
    told = shop.told(*places, "--champion", champion, code=1)
    assert (told["outcome"], told["champion"]["uri"]) == ("NoNewData", champion)
