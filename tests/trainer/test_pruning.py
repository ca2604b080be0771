"""A store does not grow for ever, and never forgets what is in service or what a rollback goes back to."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from retrain_trainer.files.batches import file_digest
from retrain_trainer.store import folder
from retrain_trainer.store.pruning import prune
from retrain_trainer.store.versions import Store, Version, open_version
from tests.trainer.world import World

RUN = "churn-newest"


class Versions:
    """A store with a version for each number, all after the same model."""

    def __init__(self, world: World) -> None:
        world.begin(6)
        self.world, self.store = world, Store(world.store_uri)

    def add(self, *numbers: int, **said: Any) -> None:
        for number in numbers:
            folder = self.world.store / f"v{number:06d}-old"
            shutil.copytree(self.world.store / "v000001-first", folder)
            manifest = json.loads((folder / "manifest.json").read_text())
            (folder / "manifest.json").write_text(json.dumps({**manifest, "version": folder.name, **said}))

    def ref(self, name: str) -> dict[str, str]:
        folder = self.world.store / name
        return {"uri": f"file://{folder}", "digest": file_digest(folder / "manifest.json")}

    def open(self, name: str) -> Version:
        return open_version(f"{self.world.store_uri}/{name}", None)

    def numbers(self) -> list[int]:
        return sorted(int(path.name[1:7]) for path in self.world.store.glob("v*"))


@pytest.fixture
def versions(world: World) -> Versions:
    return Versions(world)


def test_the_newest_stay_and_the_champion_whatever_its_age(versions: Versions) -> None:
    versions.add(*range(2, 8))
    dropped = prune(versions.store, RUN, versions.open("v000003-old"), keep=2)
    assert dropped == ["v000005-old", "v000004-old", "v000002-old", "v000001-first"]
    assert versions.numbers() == [3, 6, 7]
    assert sorted(path.name for path in versions.world.store.iterdir()) == ["v000003-old", "v000006-old", "v000007-old"]


def test_so_do_those_that_the_champion_came_from(versions: Versions) -> None:
    versions.add(2, 3, 4, 5)
    versions.add(6, parent=versions.ref("v000003-old"))
    versions.add(7, parent=versions.ref("v000006-old"))
    versions.add(8, 9)
    prune(versions.store, RUN, versions.open("v000007-old"), keep=1)
    assert versions.numbers() == [6, 7, 9]


def test_and_its_line_is_no_longer_than_what_is_kept(versions: Versions) -> None:
    versions.add(2, parent=versions.ref("v000001-first"))
    for number in range(3, 8):
        versions.add(number, parent=versions.ref(f"v{number - 1:06d}-old"))
    prune(versions.store, RUN, versions.open("v000007-old"), keep=2)
    assert versions.numbers() == [5, 6, 7]


@pytest.mark.parametrize("parent", ["file:///elsewhere/v000002-old", "file:///a/../b", "{store}/v000404-gone"])
def test_a_line_that_leads_nowhere_ends_there(versions: Versions, parent: str) -> None:
    uri = parent.format(store=versions.world.store_uri)
    versions.add(2, 3)
    versions.add(4, parent={"uri": uri, "digest": "sha256:" + "0" * 64})
    prune(versions.store, RUN, versions.open("v000004-old"), keep=1)
    assert versions.numbers() == [4]


def test_what_another_policy_made_in_the_same_store_stays(versions: Versions) -> None:
    versions.add(2, 4, 6, run="churn-eu-old")
    versions.add(3, 5, 7)
    assert prune(versions.store, RUN, versions.open("v000007-old"), keep=1) == [
        "v000005-old",
        "v000003-old",
        "v000001-first",
    ]
    assert versions.numbers() == [2, 4, 6, 7]
    assert prune(versions.store, "churn-eu-next", versions.open("v000004-old"), keep=1) == ["v000002-old"]
    assert versions.numbers() == [4, 6, 7]


def test_nothing_goes_while_the_champion_is_unknown(versions: Versions) -> None:
    versions.add(2, 3, 4)
    assert prune(versions.store, RUN, None, keep=1) == []
    assert versions.numbers() == [1, 2, 3, 4]


def test_nothing_goes_while_another_run_commits(versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    versions.add(2, 3, 4)
    draft = versions.world.store / f".draft-{RUN}-and-more-0123abcd"
    draft.mkdir()
    champion = versions.open("v000004-old")
    assert prune(versions.store, RUN, champion, keep=1) == []
    monkeypatch.setattr(folder, "DEAD_AFTER", -1.0)
    assert prune(versions.store, RUN, champion, keep=1) == ["v000003-old", "v000002-old", "v000001-first"]
    assert draft.is_dir()


def test_what_is_no_version_of_ours_is_for_people_to_remove(versions: Versions, tmp_path: Path) -> None:
    folder = versions.world.store
    versions.add(2, version="v000009-other")
    versions.add(5, 6)
    (folder / "v000003-empty").mkdir()
    (folder / "v000004-foreign").mkdir()
    (folder / "v000004-foreign" / "manifest.json").write_text('{"made": "by hand"}')
    (folder / "notes").mkdir()
    shutil.copytree(folder / "v000005-old", tmp_path / "v000000-linked")
    (folder / "v000000-linked").symlink_to(tmp_path / "v000000-linked")
    assert prune(versions.store, RUN, versions.open("v000006-old"), keep=1) == ["v000005-old", "v000001-first"]
    assert (tmp_path / "v000000-linked" / "manifest.json").exists()
    assert sorted(path.name for path in folder.iterdir()) == [
        "notes", "v000000-linked", "v000002-old", "v000003-empty", "v000004-foreign", "v000006-old",
    ]  # fmt: skip


def test_a_kill_between_leaves_a_draft_that_the_next_run_cleans(
    versions: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    versions.add(2, 3)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(versions.store, "churn-second", versions.open("v000003-old"), keep=1)
    assert versions.numbers() == [1, 3]
    versions.world.add(6, 7, 8)
    versions.world.champion = versions.ref("v000003-old")
    versions.world.run("second")
    assert not list(versions.world.store.glob(".draft-*"))


@pytest.mark.parametrize(("policy", "keep"), [({}, 10), ({"model": {"keep": 3}}, 3)])
def test_every_run_prunes_after_its_commit_and_answers_all_the_same(
    versions: Versions, policy: dict[str, Any], keep: int
) -> None:
    world = versions.world
    versions.add(*range(2, 15))
    world.champion = versions.ref("v000001-first")
    world.add(6, 7, 8)
    run = world.run("second", **policy)
    assert run.evaluate.candidate is not None
    assert run.evaluate.candidate.uri == f"{world.store_uri}/v000015-second"
    assert versions.numbers() == [1, *range(16 - keep, 16)]
    assert world.run("second", **policy) == run


def test_the_draft_of_a_run_with_a_longer_name_is_not_ours(world: World) -> None:
    world.store.mkdir()
    other = world.store / ".draft-churn-first-of-many-0123abcd"
    other.mkdir()
    world.begin(6)
    assert other.is_dir()
