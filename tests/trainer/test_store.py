"""The store: no changed bytes, no foreign types, no way out."""

import json
import os
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import sklearn
import skops.io

from retrain_trainer.contract import Fault
from retrain_trainer.files.places import local_path
from retrain_trainer.learn import pipeline
from retrain_trainer.store import shelf
from retrain_trainer.store.versions import open_version
from retrain_trainer.telling.faults import StepError
from tests.trainer.world import World


class TestTheStore:
    def test_the_digest_of_a_version_is_that_of_its_manifest(self, world: World) -> None:
        run = world.begin(6)
        assert run.evaluate.candidate is not None
        with pytest.raises(StepError, match="is not the version that was trained: its digest is sha256:"):
            open_version(run.evaluate.candidate.uri, "sha256:" + "0" * 64)

    @pytest.mark.parametrize("name", ["model.skops", "profile.json", "holdout.parquet", "manifest.json"])
    def test_a_changed_byte_stops_the_run(self, world: World, name: str) -> None:
        world.begin(6)
        world.add(6, 7, 8)
        path = world.store / "v000001-first" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        run = world.run("second")
        faults = [answer for answer in (run.collected, run.trained, run.evaluated) if isinstance(answer, Fault)]
        assert "digest is sha256:" in faults[0].message
        assert len(list(world.store.glob("v*"))) == 1

    @pytest.mark.parametrize(
        "uri", ["file:///models/other/v000001-first", "file://{store}/v000001-first/../v000001-first", "file://{store}"]
    )
    def test_a_champion_elsewhere_is_refused(self, world: World, uri: str) -> None:
        world.begin(6)
        world.add(6, 7, 8)
        world.champion = {"uri": uri.format(store=world.store)}
        run = world.run("second")
        assert isinstance(run.collected, Fault)
        assert "is no version in the store" in run.collected.message or "may not contain" in run.collected.message

    def test_a_link_out_of_the_store_is_no_version(self, world: World, tmp_path: Path) -> None:
        world.begin(6)
        (world.store / "v000001-first").rename(tmp_path / "elsewhere")
        (world.store / "v000001-first").symlink_to(tmp_path / "elsewhere")
        world.add(6, 7, 8)
        run = world.run("second")
        assert isinstance(run.collected, Fault)
        assert run.collected.message.endswith(
            f" is no version in the store {world.store_uri}. A new store begins without a champion (docs/store.md)."
        )

    def test_drafts_of_dead_runs_are_removed_and_those_of_others_are_not(self, world: World) -> None:
        world.store.mkdir()
        dead, mine, alive = (world.store / f".draft-{name}-00" for name in ("churn-old", "churn-first", "churn-other"))
        for draft in (dead, mine, alive):
            draft.mkdir()
        long_ago = time.time() - shelf.DEAD_AFTER - 1
        os.utime(dead, (long_ago, long_ago))
        world.begin(6)
        assert sorted(path.name for path in world.store.iterdir()) == [".draft-churn-other-00", "v000001-first"]

    def test_another_minor_version_of_scikit_learn_is_refused(self) -> None:
        with pytest.raises(StepError, match=r"v1 was made with scikit-learn 1\.2\.0, and this image has 1\."):
            pipeline.load(b"", "v1", "1.2.0")

    def test_a_type_that_is_not_reviewed_is_refused_before_it_is_built(self) -> None:
        content = skops.io.dumps({"model": Evil()})
        with pytest.raises(StepError, match=r"v1 holds types that are not allowed in a model: .*Evil"):
            pipeline.load(content, "v1", sklearn.__version__)

    def test_a_zip_that_calls_a_function_is_refused(self) -> None:
        schema = {
            "__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "__id__": 1,
            "content": {"module_path": "os", "function": "system"}, "protocol": 2, "_skops_version": "0.16.0",
        }  # fmt: skip
        content = BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr("schema.json", json.dumps(schema))
        with pytest.raises(StepError, match=r"not allowed in a model: .*system"):
            pipeline.load(content.getvalue(), "v1", sklearn.__version__)

    @pytest.mark.parametrize(
        "uri", ["file:///a/../b", "file:///a/%2e%2e/b", "file://host/a", "http://a/b", "file:///a/.."]
    )
    def test_paths_stay_where_their_uri_says(self, uri: str) -> None:
        with pytest.raises(StepError):
            local_path(uri)


class Evil:
    """A type nobody has reviewed."""
