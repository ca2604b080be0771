from pathlib import Path

import pytest

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
