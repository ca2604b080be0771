"""A bucket that cannot be reached, or that may not be, is told in one sentence that says what to do, and no secret."""

import time
from pathlib import Path

import pytest
import trustme

from retrain_trainer.contract import Fault
from retrain_trainer.files import connection
from retrain_trainer.files.objects import Bucket
from retrain_trainer.files.places import bucket_and_key
from retrain_trainer.store.versions import open_version
from retrain_trainer.telling.faults import StepError, sentence_of
from tests.trainer.s3 import ADMIN, STRANGER, BucketWorld, Gateway, running
from tests.trainer.world import World

WRONG = {
    "an unknown key": ({"AWS_ACCESS_KEY_ID": "nobody"}, "the credentials are not accepted ("),
    "a wrong secret": (
        {"AWS_SECRET_ACCESS_KEY": "guessed"},
        "the credentials are not accepted (SignatureDoesNotMatch); check the Secret ",
    ),
    "a stranger": (
        {"AWS_ACCESS_KEY_ID": STRANGER[0], "AWS_SECRET_ACCESS_KEY": STRANGER[1]},
        "these credentials may not list it (AccessDenied); allow s3:ListBucket.",
    ),
    "no server": ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "its server gives no answer; check AWS_ENDPOINT_URL, "),
    "plain HTTP": ({"AWS_ALLOW_HTTP": "no"}, "AWS_ENDPOINT_URL is plain HTTP, which only AWS_ALLOW_HTTP=true allows."),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("where", ["data", "store"])
def test_what_is_wrong_is_told(bucket_world: BucketWorld, where: str, wrong: str) -> None:
    world = bucket_world
    world.add(*range(6))
    world.workspace("first")
    variables, message = WRONG[wrong]
    for name, value in variables.items():
        world.patch.setenv(name, value)
    elsewhere = {"model": {"store": f"file://{world.root}/store"}} if where == "data" else {}
    begun = time.monotonic()
    fault = world.step("collect", "first", **elsewhere)
    assert isinstance(fault, Fault)
    prefix = "data" if where == "data" else "models/churn"
    assert fault.message.startswith(f"No access to s3://{world.bucket.name}/{prefix}: {message}")
    assert not any(secret in fault.message for _, secret in (ADMIN, STRANGER))
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "address",
    [
        *("nonsense", "s3.example.com", "ftp://host", "http://user:word@host", "https://host/path", "http://a b", ""),
        *("http://host:99999", "http://%zz", "http://a:b:c", "http://[zz", "http://host:"),
    ],
)
def test_an_address_that_is_none_is_told_without_it(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(StepError) as refused:
        Bucket("models")
    assert str(refused.value) == "AWS_ENDPOINT_URL is no address such as https://s3.example.com:9000."


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_SESSION_TOKEN"])
def test_a_key_with_a_line_break_behind_it_is_told(bucket_world: BucketWorld, name: str) -> None:
    bucket_world.add(*range(6))
    bucket_world.patch.setenv(name, "secret\n")
    fault = bucket_world.run("first").collected
    assert isinstance(fault, Fault)
    assert fault.message == f"{name} holds a line break, or another character that no request can carry."


def test_a_bucket_that_is_not_there_cannot_be_a_store(bucket_world: BucketWorld) -> None:
    bucket_world.add(*range(6))
    fault = bucket_world.run("first", model={"store": "s3://not-there/models/churn"}).collected
    assert isinstance(fault, Fault)
    why = "is in no bucket that exists. Create the bucket, or correct its name."
    assert fault.message == f"s3://not-there/models/churn {why}"


class TestCredentials:
    """They come from a Secret that is mounted, as from variables."""

    def test_of_a_mounted_file_are_used(self, bucket_world: BucketWorld, tmp_path: Path) -> None:
        world = bucket_world
        self.mount(world, tmp_path, f"[default]\naws_access_key_id = {ADMIN[0]}\naws_secret_access_key = {ADMIN[1]}\n")
        world.objects.put("data/a", b"1")
        assert [one.key for one in world.objects.below("data")] == ["data/a"]

    def test_of_a_mounted_file_may_stand_in_a_profile(self, bucket_world: BucketWorld, tmp_path: Path) -> None:
        world = bucket_world
        world.patch.setenv("AWS_PROFILE", "models")
        text = f"[default]\n[models]\naws_access_key_id={ADMIN[0]}\naws_secret_access_key={ADMIN[1]}\n"
        self.mount(world, tmp_path, text)
        assert list(world.objects.below("data")) == []

    @pytest.mark.parametrize("text", ["", "secret", "[default]\naws_access_key_id=secret", "[other]\nsecret=1", "\xff"])
    def test_that_are_missing_are_told_without_what_is_there(
        self, bucket_world: BucketWorld, tmp_path: Path, text: str
    ) -> None:
        self.mount(bucket_world, tmp_path, text)
        with pytest.raises(StepError) as refused:
            Bucket("models")
        needed = "[default] with aws_access_key_id and aws_secret_access_key."
        assert str(refused.value) == f"{tmp_path}/credentials (AWS_SHARED_CREDENTIALS_FILE) has no {needed}"

    def mount(self, world: BucketWorld, folder: Path, text: str) -> None:
        (folder / "credentials").write_bytes(text.encode("latin-1"))
        world.patch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{folder}/credentials")
        world.patch.delenv("AWS_ACCESS_KEY_ID")
        world.patch.delenv("AWS_SECRET_ACCESS_KEY")


class TestPaths:
    @pytest.mark.parametrize(
        ("uri", "message"),
        [
            ("s3://models/a/../b", "may not contain .. or %."),
            ("s3://models/..", "may not contain .. or %."),
            ("s3://models/%2e%2e/b", "may not contain .. or %."),
            ("s3://models/a//b", "may not contain /./ or two slashes in a row."),
            ("s3://models/a/./b", "may not contain /./ or two slashes in a row."),
            ("s3:///models/a", "names no bucket: "),
            ("s3://../models", "may not contain .. or %."),
            ("s3://user:word@models/a", "names no bucket: "),
            ("s3://Models/a", "names no bucket: "),
            ("s3://a", "names no bucket: "),
        ],
    )
    def test_are_taken_literally(self, uri: str, message: str) -> None:
        with pytest.raises(StepError) as refused:
            bucket_and_key(uri)
        assert str(refused.value).startswith(f"{uri} {message}")

    @pytest.mark.parametrize(
        ("champion", "message"),
        [
            ("{store}/v000001-first/../../elsewhere/v000001-first", "may not contain .. or %."),
            ("{store}/../elsewhere/v000001-first", "may not contain .. or %."),
            ("s3://{bucket}/models/elsewhere/v000001-first", "is no version in the store s3://"),
            ("s3://{bucket}/models/churn-2/v000001-first", "is no version in the store s3://"),
            ("s3://another-bucket/models/churn/v000001-first", "is no version in the store s3://"),
            ("file:///models/churn/v000001-first", "is no version in the store s3://"),
            ("{store}/v000001-first/v000001-first", "is no version in the store s3://"),
            ("{store}", "is no version in the store s3://"),
        ],
    )
    def test_of_a_champion_stay_in_the_store(self, bucket_world: BucketWorld, champion: str, message: str) -> None:
        world = bucket_world
        world.begin(6)
        world.add(6, 7, 8)
        world.champion = {"uri": champion.format(store=world.store_uri, bucket=world.bucket.name)}
        fault = world.run("second").collected
        assert isinstance(fault, Fault)
        assert message in fault.message

    def test_of_a_champion_in_a_bucket_are_in_no_folder(self, world: World) -> None:
        world.begin(6)
        world.champion = {"uri": "s3://models/churn/v000001-first"}
        fault = world.run("second").collected
        assert isinstance(fault, Fault)
        assert fault.message == (
            f"The champion s3://models/churn/v000001-first is no version in the store {world.store_uri}. "
            "A new store begins without a champion (docs/store.md)."
        )


@pytest.mark.parametrize("name", ["model.skops", "profile.json", "holdout.parquet", "manifest.json"])
def test_a_changed_byte_stops_the_run(bucket_world: BucketWorld, name: str) -> None:
    world = bucket_world
    world.begin(6)
    world.add(6, 7, 8)
    key = f"models/churn/v000001-first/{name}"
    content = bytearray(world.objects.read(key, 1 << 20))
    content[len(content) // 2] ^= 1
    world.objects.put(key, bytes(content))
    run = world.run("second")
    fault = next(answer for answer in (run.collected, run.trained, run.evaluated) if isinstance(answer, Fault))
    assert "digest is sha256:" in fault.message
    assert world.versions() == ["v000001-first"]


def test_a_version_that_is_too_large_is_refused_before_it_is_read(
    bucket_world: BucketWorld, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bucket_world
    world.begin(6)
    with (world.store / "v000001-first" / "manifest.json").open("r+b") as file:
        file.truncate(10 << 30)
    with pytest.raises(StepError) as refused:
        open_version(f"{world.store_uri}/v000001-first", None)
    key = f"{world.store_uri}/v000001-first/manifest.json"
    assert str(refused.value) == f"{key} has 10,737,418,240 bytes, and may have 67,108,864 at most."


def test_a_server_with_a_certificate_of_our_own_authority_is_trusted_once_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, pem = trustme.CA(), tmp_path / "server.pem"
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(pem)
    monkeypatch.setitem(connection.RETRY, "max_retries", 0)
    with running(tmp_path, "--cert", str(pem), "--key", str(pem)) as gateway:
        (gateway.root / "models").mkdir()
        for name, value in gateway.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_ALLOW_HTTP")
        with pytest.raises(StepError, match=r"^No access to s3://models/data: its server gives no answer; check "):
            list(Bucket("models").below("data"))
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "authority.pem"))
        assert list(Bucket("models").below("data")) == []
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    with pytest.raises(FileNotFoundError) as missing:
        Bucket("models")
    assert sentence_of(missing.value) == f"No such file or directory: {tmp_path}/nowhere.pem."
