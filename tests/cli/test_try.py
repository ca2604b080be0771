"""`kubectl retrain try` with the real trainer: its steps, the verdict, what is kept and what is not."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shop import MODEL, Shop
from tests.trainer.world import World

DIGEST = re.compile("sha256:[0-9a-f]{64}")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop(World(tmp_path, monkeypatch))
    shop.world.add(*range(6))
    return shop


def content(folder: Path) -> dict[str, str]:
    """What is in a folder, whatever it is called."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_first_version_passes_and_nothing_is_left(shop: Shop) -> None:
    before = content(shop.folder)
    told = shop.told("--data", "data/*.parquet")
    assert list(told) == [
        *("outcome", "reason", "message", "metrics", "candidate", "champion"),
        *("holdout", "reference", "worstSlice", "steps"),
    ]
    assert (told["outcome"], told["reason"]) == ("Succeeded", "Promoted")
    score = told["metrics"]["accuracy"]
    assert score["candidate"] > 0.85
    assert (score["champion"], score["lowerBound"], score["threshold"], score["met"]) == (None, None, 0.85, True)
    assert told["message"] == f"accuracy is {score['candidate']:.4g}."
    assert told["candidate"].keys() == {"version", "digest", "kept"}, "no URI of what is gone"
    assert DIGEST.fullmatch(told["candidate"]["digest"])
    assert told["champion"] is None
    assert told["holdout"]["rows"] == 672
    steps = [(step["name"], step["state"], step["reason"]) for step in told["steps"]]
    assert steps == [
        ("Collect", "Succeeded", "Collected"),
        ("Train", "Succeeded", "Trained"),
        ("Evaluate", "Succeeded", "Evaluated"),
    ]
    assert all(step["seconds"] > 0 and step["startTime"] <= step["completionTime"] for step in told["steps"])
    assert content(shop.folder) == before


def test_a_champion_that_is_no_worse_stays_and_its_store_is_only_read(shop: Shop) -> None:
    first = shop.told("--data", "data/*.parquet", "--store", "models")["candidate"]
    assert first["kept"]
    champion = shop.folder / "models" / first["version"]
    assert first["uri"] == f"file://{champion}"
    before = content(shop.folder / "models")
    nothing = shop.told("--data", "data/*.parquet", "--champion", str(champion), code=1)
    assert (nothing["outcome"], nothing["candidate"], nothing["metrics"]) == ("NoNewData", None, {})
    assert nothing["message"] == f"No new data: the champion {first['version']} has seen all 6 batches there are."
    assert nothing["champion"] == {"uri": first["uri"], "digest": None}
    renamed = champion.rename(shop.folder / "in-service")
    shop.world.add(6, 7)
    told = shop.told("--data", "data", "--champion", "in-service", code=1)
    assert (told["outcome"], told["reason"]) == ("Rejected", "NotBetter")
    assert told["champion"] == {"uri": f"file://{renamed}", "digest": first["digest"]}
    score = told["metrics"]["accuracy"]
    assert score["improvement"] == pytest.approx(score["candidate"] - score["champion"], abs=1e-5)
    assert score["lowerBound"] <= 0
    assert told["reference"]["candidate"] == pytest.approx(told["reference"]["champion"], abs=0.15)
    assert not score["met"]
    renamed.rename(champion)
    assert content(shop.folder / "models") == before


def test_the_page_has_steps_gates_and_a_verdict(shop: Shop) -> None:
    gates = [{"metric": "accuracy", "threshold": 0.999}, {"metric": "log_loss", "goal": "Minimize"}]
    evaluation = {"gates": gates, "slices": {"columns": ["a"], "minRows": 50}}
    shop.policy(evaluation=evaluation)
    called = shop.attempt("--data", "data/*.parquet", "--store", "models")
    assert (called.code, called.err) == (1, "")
    assert "\x1b" not in called.out
    lines = called.out.splitlines()
    assert [line for line in lines if line.endswith(" ")] == [], "tables are not filled up on a pipe"
    assert max(len(line) for line in lines if "file://" not in line and str(shop.folder) not in line) <= 80
    assert lines[:3] == [
        "Policy churn in namespace default, tried on this machine",
        "Data: data/*.parquet",
        "Champion: none",
    ]
    assert re.fullmatch(r"Collect   Succeeded  \d+\.\d s  6 batches with 2,016 new rows; the newest 672 are", lines[4])
    header, accuracy, loss = next(lines[n : n + 3] for n, line in enumerate(lines) if line.startswith("Metric"))
    assert header.split("  ")[0] == "Metric"
    assert re.fullmatch(r"accuracy +0\.\d+ +- +- +at least 0\.999 +no", accuracy)
    assert re.fullmatch(r"log_loss +0\.\d+ +- +- +- +yes", loss)
    said = " ".join(lines)
    assert re.search(r"Worst slice, \d+ rows with .*: accuracy is 0\.\d+\.", said)
    assert re.search(
        r"Rejected \(BelowThreshold\): accuracy of the candidate is 0\.\d+, below the gate's 0\.999\.", said
    )
    version = next((shop.folder / "models").iterdir())
    assert lines[-2:] == [f"The candidate is kept: file://{version}", f"Its page: {version}/report.html"]
    assert (version / "report.html").is_file()


def fault(shop: Shop, *arguments: str, **parts: Any) -> str:
    """What stopped it, as the operator would tell it."""
    shop.policy(**parts)
    told = shop.told(*arguments, code=2)
    assert (told["outcome"], told["candidate"], told["metrics"]) == ("Failed", None, {})
    return str(told["message"])


def test_a_fault_of_a_step_is_the_end(shop: Shop) -> None:
    said = fault(shop, "--data", "data/*.parquet", model={**MODEL, "estimator": "MiracleClassifier"})
    assert "MiracleClassifier" in said


def test_data_that_is_elsewhere(shop: Shop) -> None:
    missing = "Data source not found: file:///data/*.parquet matches no file."
    hint = " That is a path in the trainer's pod; --data GLOB names a copy of the data on this machine."
    assert fault(shop) == missing + hint
    assert (
        fault(shop, "--data", "nowhere/*") == f"Data source not found: file://{shop.folder}/nowhere/* matches no file."
    )


def test_a_pattern_that_the_shell_has_made_words_of(shop: Shop) -> None:
    batches = sorted(str(path.relative_to(shop.folder)) for path in (shop.folder / "data").iterdir())
    called = shop.attempt("--data", *batches)
    said = " ".join(re.sub("[│╭╮╰╯─]", " ", called.err).split())
    assert called.code == 2
    assert "put a pattern in quotes, as in --data 'batches/*.csv': the shell makes many words of it, and these" in said


def test_batches_in_folders_of_a_folder(shop: Shop) -> None:
    shop.world.root.joinpath("data").rename(shop.folder / "inner")
    shop.folder.joinpath("outer").mkdir()
    shop.folder.joinpath("inner").rename(shop.folder / "outer" / "2024")
    said = fault(shop, "--data", "outer")
    missing = f"Data source not found: file://{shop.folder}/outer/* matches no file."
    assert said == f"{missing} With the folders in it: --data 'outer/**/*'."
    told = shop.told("--data", "outer/**/*")
    assert told["outcome"] == "Succeeded"


def test_a_champion_of_another_store_is_copied_into_the_one_that_is_named(shop: Shop) -> None:
    first = shop.told("--data", "data", "--store", "models")["candidate"]["version"]
    shop.world.add(6, 7)
    before = content(shop.folder / "models")
    second = shop.told("--data", "data", "--store", "scratch", "--champion", f"models/{first}", code=1)["candidate"]
    assert content(shop.folder / "models") == before
    assert sorted(path.name for path in (shop.folder / "scratch").iterdir()) == sorted([first, second["version"]])
    assert content(shop.folder / "scratch" / first) == content(shop.folder / "models" / first)
    manifest = shop.folder / "scratch" / first / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")
    called = shop.attempt("--data", "data", "--store", "scratch", "--champion", f"models/{first}")
    said = (
        f"--champion {shop.folder}/models/{first} cannot be copied into {shop.folder}/scratch: it has another {first}."
    )
    assert (called.code, called.err) == (2, f"Error: {said}\n")


@pytest.mark.parametrize(
    ("name", "manifest", "said"),
    [
        (
            "churn-1",
            '{"model": 1}',
            "The champion own/churn-1 is no version. It is no version of this trainer, whose",
        ),
        ("v000001-a", '{"model": 1}', "own/v000001-a/manifest.json is no manifest of this trainer."),
    ],
)
def test_a_champion_that_another_trainer_has_made(shop: Shop, name: str, manifest: str, said: str) -> None:
    version = shop.folder / "own" / name
    version.mkdir(parents=True)
    (version / "manifest.json").write_text(manifest)
    told = fault(shop, "--data", "data/*.parquet", "--champion", f"own/{name}")
    assert told.startswith(said), "what was named, and no folder that nobody knows"
    assert told.endswith(" If another trainer has made it, name that by --trainer.")
