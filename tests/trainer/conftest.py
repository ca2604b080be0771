from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainer import s3
from tests.trainer.tampering import Tampering
from tests.trainer.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.fixture
def uri(world: World) -> str:
    run = world.begin(6)
    assert run.evaluate.candidate is not None
    return run.evaluate.candidate.uri


@pytest.fixture
def tampering(world: World) -> Tampering:
    return Tampering(world)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Gateway]:
    with s3.running(tmp_path_factory.mktemp("gateway")) as gateway:
        gateway.add_user(s3.STRANGER)
        yield gateway


@pytest.fixture
def bucket_world(gateway: s3.Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> s3.BucketWorld:
    return s3.BucketWorld(tmp_path, monkeypatch, gateway=gateway)
