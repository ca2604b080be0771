"""No text of a task or of a manifest leads out of the store."""

from typing import Any

import pytest

from retrain_trainer.contract import Fault
from retrain_trainer.files.batches import file_digest
from tests.trainer.tampering import Tampering
from tests.trainer.world import World


class TestPaths:
    @pytest.mark.parametrize(
        ("uri", "message"),
        [
            ("file://{store}/v000001-first/../../elsewhere/v000001-first", "may not contain .. or %."),
            ("file://{store}/../elsewhere/v000001-first", "may not contain .. or %."),
            (
                "file://{store}/%2e%2e/elsewhere/v000001-first",
                "is not a task: champion.uri: String should match pattern",
            ),
            ("file://{root}/elsewhere/v000001-first", "is no version in the store file://"),
            ("file://localhost{store}/v000001-first", "names a host; write three slashes"),
            ("{store}/v000001-first", "is not a task: champion.uri: String should match pattern"),
            ("file://{store}/v000001-first/v000001-first", "is no version in the store file://"),
            ("file://{store}/link-to-elsewhere", "is no version in the store file://"),
            ("file://{store}/v000009-linked", "is no version in the store file://"),
        ],
    )
    def test_of_a_champion(self, tampering: Tampering, uri: str, message: str) -> None:
        world = tampering.world
        elsewhere = world.root / "elsewhere" / "v000001-first"
        elsewhere.parent.mkdir()
        tampering.folder.rename(elsewhere)
        for name in ("link-to-elsewhere", "v000009-linked"):
            (world.store / name).symlink_to(elsewhere)
        world.champion = {"uri": uri.format(store=world.store, root=world.root)}
        world.workspace("second")
        answer = world.step("collect", "second") if "task" not in message else refused_task(world)
        assert isinstance(answer, Fault)
        assert message in answer.message, answer.message

    @pytest.mark.parametrize("where", ["data", "model"])
    @pytest.mark.parametrize("uri", ["file:///a/../b", "file:///a/..", "http://a/b", "file://a/b", "s3://a/b"])
    def test_of_a_source_or_a_store(self, world: World, where: str, uri: str) -> None:
        world.add(0)
        world.workspace("first")
        field = {"data": "source", "model": "store"}[where]
        answer = refused_task(world, **{where: {field: uri}})
        assert uri in answer.message or "String should match pattern" in answer.message

    def test_of_a_manifest_are_never_followed(self, tampering: Tampering) -> None:
        outside = tampering.world.root / "outside"
        outside.write_bytes(b"untouched")
        way = f"../../{outside.name}"
        tampering.say(lambda manifest: manifest.update(version=way, run="../.."))
        tampering.say(lambda manifest: manifest["files"].update({way: file_digest(outside)}))
        tampering.say(lambda manifest: [batch.update(name=way) for batch in manifest["batches"]])
        run = tampering.world.run("second")
        assert run.evaluate.candidate is not None
        assert run.evaluate.candidate.uri == f"{tampering.world.store_uri}/v000002-second"
        assert outside.read_bytes() == b"untouched"

    def test_a_link_with_the_name_of_a_runs_own_version_is_not_answered_from(self, world: World) -> None:
        first = world.begin(6)
        (world.store / "v000001-first").rename(world.root / "v000001-first")
        (world.store / "v000001-first").symlink_to(world.root / "v000001-first")
        world.champion = None
        again = world.run("first")
        assert again.evaluate.candidate is not None
        assert first.evaluate.candidate is not None
        assert again.evaluate.candidate.uri == f"{world.store_uri}/v000002-first"


def refused_task(world: World, **changes: Any) -> Fault:
    answer = world.step("collect", "first", **changes)
    assert isinstance(answer, Fault)
    return answer
