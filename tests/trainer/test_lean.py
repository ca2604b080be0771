"""A step that has nothing to do loads next to nothing: three containers start in every run."""

import os
import subprocess
import sys
from typing import Any

import pytest

from tests.trainer.world import World

WATCHED = """
import sys
from retrain_trainer.__main__ import main
code = main(sys.argv[1:])
print(" ".join(sorted({"sklearn", "pyarrow", "numpy", "skops", "scipy", "obstore"} & set(sys.modules))))
sys.exit(code)
"""


def loaded(world: World, step: str, name: str, **changes: Any) -> list[str]:
    """Run a step in a process of its own, and return which of the heavy libraries it imported."""
    environment = {**os.environ, **world.environment(name, **changes)}
    command = [sys.executable, "-c", WATCHED, step]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


@pytest.fixture
def champion(world: World) -> World:
    world.begin(6)
    return world


def test_no_new_data(champion: World) -> None:
    champion.workspace("second")
    assert loaded(champion, "collect", "second") == []
    assert loaded(champion, "train", "second") == []
    assert loaded(champion, "evaluate", "second") == []


def test_new_data_that_an_earlier_run_tried_to_no_avail(champion: World) -> None:
    champion.add(6, 7, 8)
    known = champion.run("second").collect.data_digest
    champion.workspace("third")
    for step in ("collect", "train", "evaluate"):
        assert loaded(champion, step, "third", knownData=known) == []


def test_a_run_that_is_repeated(champion: World) -> None:
    champion.champion = None
    champion.workspace("first")
    for step in ("collect", "train", "evaluate"):
        assert loaded(champion, step, "first") == []


def test_collect_reads_data_without_scikit_learn_unless_it_asks_the_champion(champion: World) -> None:
    champion.add(6, 7, 8)
    champion.workspace("second")
    unasked = {"validation": {"skipChecks": ["InvertedLabels"]}}
    assert loaded(champion, "collect", "second", data=unasked) == ["numpy", "pyarrow"]
    assert loaded(champion, "collect", "second") == ["numpy", "pyarrow", "scipy", "sklearn", "skops"]
