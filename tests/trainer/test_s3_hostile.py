"""Servers that lie about what they have, climb out of their place, say nothing, or know nobody."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from retrain_trainer.files import connection, fetch, objects
from retrain_trainer.files.objects import Bucket
from retrain_trainer.telling.faults import StepError
from tests.trainer.s3 import Gateway
from tests.trainer.unreachable import Climber, Cloud, Console, Liar, serving, silence


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Bucket]:
    """A bucket at an address, with the patience of a test."""

    def bucket(url: str) -> Bucket:
        for name, value in Gateway(url, Path(), Path()).environment().items():
            monkeypatch.setenv(name, value)
        return Bucket("models")

    monkeypatch.setitem(connection.PATIENCE, "read_timeout", "200ms")
    monkeypatch.setitem(connection.RETRY, "max_retries", 1)
    return bucket


def refusal(ask: Callable[[], object]) -> str:
    with pytest.raises(StepError) as refused:
        ask()
    return str(refused.value)


def test_a_server_that_sends_other_bytes_than_it_said_is_not_believed(
    reach: Callable[[str], Bucket], tmp_path: Path
) -> None:
    with serving(Liar) as url:
        bucket = reach(url)
        honest, more, less = bucket.below("data")
        bucket.fetch(honest, tmp_path / "copy")
        said = [refusal(partial(bucket.fetch, found, tmp_path / "other")) for found in (more, less)]
    assert said == [
        "s3://models/data/sends-20000000 has more bytes than the 10 listed.",
        "s3://models/data/sends-3 has less bytes than the 10 listed.",
    ]
    assert (tmp_path / "copy").read_bytes() == b"x" * 10
    assert not (tmp_path / "other").exists()
    assert (tmp_path / ".other.draft").stat().st_size <= 10


def test_folders_of_a_console_and_what_was_not_asked_for_are_no_batches(
    reach: Callable[[str], Bucket], tmp_path: Path
) -> None:
    with serving(Console) as url:
        reach(url)
        batches = fetch.batches_of("s3://models/data/**", {}, tmp_path / "workspace")
    assert [batch.name for batch in batches] == ["2024/sends-10"]
    assert [path.name for path in tmp_path.rglob("*")] == ["workspace", Path(batches[0].path).name]


def test_a_key_that_leads_elsewhere_is_refused(reach: Callable[[str], Bucket], tmp_path: Path) -> None:
    with serving(Climber) as url:
        reach(url)
        told = refusal(lambda: fetch.batches_of("s3://models/data/**", {}, tmp_path))
    why = "an object whose key has an empty part, . or .. in it; remove it, or name a place without one."
    assert told == f"s3://models/data holds {why}"


def test_more_objects_than_can_be_sorted_are_refused(
    reach: Callable[[str], Bucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "MOST_OBJECTS", 2)
    with serving(Liar) as url:
        told = refusal(lambda: list(reach(url).below("data")))
    assert told == "s3://models/data holds more than 2 objects; name a part of it."


def test_a_server_that_says_nothing_is_left_after_a_while(reach: Callable[[str], Bucket]) -> None:
    begun = time.monotonic()
    with silence() as url:
        told = refusal(lambda: list(reach(url).below("data")))
    why = "its server gives no answer; check AWS_ENDPOINT_URL, AWS_CA_BUNDLE and the NetworkPolicies."
    assert told == f"No access to s3://models/data: {why}"
    assert time.monotonic() - begun < 10


def test_no_credentials_at_all_are_told(reach: Callable[[str], Bucket], monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Cloud) as url:
        reach(url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", url)
        told = refusal(lambda: list(Bucket("models").below("data")))
    why = "there are no credentials; set AWS_SHARED_CREDENTIALS_FILE or AWS_ACCESS_KEY_ID."
    assert told == f"No access to s3://models/data: {why}"
