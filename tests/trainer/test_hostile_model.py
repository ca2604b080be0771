"""Models and manifests that someone has tampered with: refused by name, nothing of them run or unpacked."""

import io
import operator
import os
import pickle
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import skops.io

from retrain_trainer.contract import Collected, Evaluated, Fault
from tests.trainer.process import measured
from tests.trainer.tampering import Tampering
from tests.trainer.world import World

LEEWAY = 100.0
"""MiB that a refusal may take beyond what loading an ordinary model takes."""
FORMAT = "is no model in the skops format"
GROWS = "would grow when it is read: its parts are packed, overlap, or are too many."


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["EVIL"],)


def zipped(parts: dict[str, bytes], how: int = zipfile.ZIP_STORED, times: int = 1) -> bytes:
    """A zip of some parts, listed several times in its directory."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as file:
        for name, part in parts.items():
            file.writestr(name, part)
        file.filelist *= times
    return content.getvalue()


def endless_array() -> bytes:
    """A model with an array that says to be of 16 GiB, and holds one number."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 31,)})
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(np.arange(3.0)))) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    return zipped(
        {name: part if name == "schema.json" else header.getvalue() + bytes(8) for name, part in parts.items()}
    )


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


class TestAModel:
    CASES: ClassVar[dict[str, tuple[Callable[[], bytes], str]]] = {
        "a pickle": (lambda: pickle.dumps(Evil()), FORMAT),
        "nothing": (lambda: b"", FORMAT),
        "a zip of something else": (lambda: zipped({"a": b"b"}), f"{FORMAT} (KeyError)."),
        "an operator": (
            lambda: skops.io.dumps(operator.methodcaller("unlink")),
            "holds types that are not allowed in a model: operator.methodcaller.",
        ),
        "a function of ours": (
            lambda: skops.io.dumps(partial(sparse, size=1)),
            "holds types that are not allowed in a model: functools.partial",
        ),
        "a thing that is no pipeline": (
            lambda: skops.io.dumps({"a": 1}), "holds no pipeline but an object of type dict.",
        ),
        "a schema that nests without end": (
            lambda: zipped({"schema.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000}), f"{FORMAT} (RecursionError).",
        ),
        "a schema that names no node": (lambda: zipped({"schema.json": b'{"protocol": 2}'}), FORMAT),
        "a zip that packs": (lambda: zipped({"schema.json": b"{}"}, zipfile.ZIP_DEFLATED), GROWS),
        "a part listed over and over": (lambda: zipped({"a": bytes(1 << 20)}, times=1000), GROWS),
        "a directory of a hundred thousand parts": (
            lambda: zipped({"a": b""}, times=100_000), f"{FORMAT} (not a plain zip of fewer than 65,535 files).",
        ),
        "a schema of 33 MiB": (lambda: zipped({"schema.json": b"[" * (33 << 20)}), GROWS),
    }  # fmt: skip

    @pytest.mark.parametrize("case", CASES)
    def test_is_refused_by_name(self, tampering: Tampering, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
        make, expected = self.CASES[case]
        touched = tampering.world.root / "touched"
        monkeypatch.setenv("EVIL", str(touched))
        tampering.forge("model.skops", make())
        message = tampering.fault()
        assert message.startswith(f"file://{tampering.folder} "), message
        assert expected in message, message
        assert not touched.exists()

    @pytest.mark.parametrize("name", ["model.skops", "profile.json", "holdout.parquet"])
    def test_with_another_digest_is_not_read(self, tampering: Tampering, name: str) -> None:
        tampering.say(lambda manifest: manifest["files"].update({name: "sha256:" + "0" * 64}))
        assert f"{name} was changed: its digest is sha256:" in tampering.fault()

    def test_of_a_manifest_that_names_no_such_file_is_not_read(self, tampering: Tampering) -> None:
        tampering.say(lambda manifest: manifest["files"].pop("model.skops"))
        assert tampering.fault().endswith("the manifest says None.")

    @pytest.mark.parametrize("name", ["model.skops", "profile.json", "holdout.parquet"])
    def test_behind_a_link_is_not_read(self, tampering: Tampering, name: str, tmp_path: Path) -> None:
        (tampering.folder / name).rename(tmp_path / name)
        (tampering.folder / name).symlink_to(tmp_path / name)
        assert tampering.fault().endswith(f"v000001-first/{name} is a link out of its version.")

    @pytest.mark.parametrize("name", ["model.skops", "holdout.parquet", "manifest.json"])
    def test_that_is_a_pipe_keeps_nobody_waiting(self, tampering: Tampering, name: str) -> None:
        (tampering.folder / name).unlink()
        os.mkfifo(tampering.folder / name)
        assert tampering.fault() == f"{tampering.folder / name} is no file."


class TestMemory:
    """What is refused takes no more memory than an ordinary model does."""

    @pytest.fixture(scope="class")
    @classmethod
    def ordinary(cls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
        """The peaks of the steps that read an ordinary champion, in MiB."""
        with pytest.MonkeyPatch.context() as patch:
            tampering = Tampering(World(tmp_path_factory.mktemp("ordinary"), patch))
            answers = {step: measured(tampering.world, step, "second") for step in ("collect", "train", "evaluate")}
            assert isinstance(answers["collect"][0], Collected)
            assert isinstance(answers["evaluate"][0], Evaluated)
            return {step: peak for step, (_, peak) in answers.items()}

    def refused(self, tampering: Tampering, ordinary: dict[str, float], step: str) -> str:
        answer, peak = measured(tampering.world, step, "second")
        assert isinstance(answer, Fault)
        print(f"{step}: {peak - ordinary[step]:+.0f} MiB beside {ordinary[step]:.0f} MiB: {answer.message}")
        assert peak < ordinary[step] + LEEWAY
        return answer.message

    @pytest.mark.parametrize(
        ("make", "expected"),
        [
            (lambda: zipped({"schema.json": b"[" + b" " * (1 << 28)}, zipfile.ZIP_DEFLATED), GROWS),
            (
                endless_array,
                "does not fit into memory: raise the memory limit of this step, if it is the model it should be.",
            ),
        ],
        ids=["a zip bomb", "an array without end"],
    )
    def test_of_a_model_that_grows(
        self, tampering: Tampering, ordinary: dict[str, float], make: Callable[[], bytes], expected: str
    ) -> None:
        measured(tampering.world, "collect", "second")
        tampering.forge("model.skops", make())
        assert expected in self.refused(tampering, ordinary, "train")

    @pytest.mark.parametrize(
        ("name", "limit", "step"),
        [
            ("model.skops", "2,147,483,648", "train"),
            ("profile.json", "67,108,864", "collect"),
            ("manifest.json", "67,108,864", "collect"),
        ],
    )
    def test_of_10_gib_of_nothing(
        self, tampering: Tampering, ordinary: dict[str, float], name: str, limit: str, step: str
    ) -> None:
        measured(tampering.world, "collect", "second")
        sparse(tampering.folder / name, 10 << 30)
        message = self.refused(tampering, ordinary, step)
        assert message == f"{tampering.folder / name} has 10,737,418,240 bytes, and may have {limit} at most."

    def test_of_a_manifest_that_nests_without_end(self, tampering: Tampering, ordinary: dict[str, float]) -> None:
        depth = 10_000_000
        (tampering.folder / "manifest.json").write_bytes(b'{"task":' + b"[" * depth + b"]" * depth + b"}")
        message = self.refused(tampering, ordinary, "collect")
        assert message == f"file://{tampering.folder}/manifest.json is no manifest of this trainer."
