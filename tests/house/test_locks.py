"""The locks agree: MLServer is tried with the very libraries that made the model it reads."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
MLSERVER = (ROOT / "tests" / "mlserver" / "requirements.txt").read_text()
OURS = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
READ_BY_A_MODEL = {"joblib", "numpy", "scikit-learn", "scipy", "threadpoolctl"}


def test_mlserver_has_our_versions_of_what_a_model_is_made_of() -> None:
    theirs = set(re.findall(r"^([a-z0-9-]+)==(\S+)", MLSERVER, re.MULTILINE))
    locked = {(package["name"], package["version"]) for package in OURS if package["name"] in READ_BY_A_MODEL}
    assert {name for name, _ in locked} == READ_BY_A_MODEL
    assert {pin for pin in theirs if pin[0] in READ_BY_A_MODEL} == locked, "run `make lock-mlserver`"


def test_every_package_of_it_has_digests_and_no_address() -> None:
    blocks = re.split(r"^(?=\S+==)", MLSERVER, flags=re.MULTILINE)[1:]
    assert len(blocks) > 70
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in MLSERVER
