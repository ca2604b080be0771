"""docs/store.md: its samples are what the product takes, and its numbers and names are those of the code."""

import re
from pathlib import Path
from typing import Any

import yaml

from retrain_operator.model.names import DIGEST_ANNOTATION
from retrain_operator.model.policy import PolicySpec
from retrain_trainer.contract import Model
from retrain_trainer.files import connection, objects
from retrain_trainer.store import manifest, shelf
from tests.trainer.s3 import BucketWorld

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
SAMPLES: dict[str, dict[str, Any]] = {
    sample["kind"]: sample for sample in map(yaml.safe_load, re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
}


def variables(container: dict[str, Any]) -> dict[str, str | None]:
    return {variable["name"]: variable.get("value") for variable in container["env"]}


def test_the_policy_and_the_server_name_one_secret_in_the_same_way() -> None:
    policy = PolicySpec.model_validate(SAMPLES["RetrainPolicy"]["spec"])
    pod = SAMPLES["Deployment"]["spec"]["template"]["spec"]
    [volume], [mount] = policy.trainer.volumes, pod["containers"][0]["volumeMounts"]
    assert (volume.secret, volume.mount_path) == (pod["volumes"][0]["secret"]["secretName"], mount["mountPath"])
    assert volume.secret == SAMPLES["Secret"]["metadata"]["name"]
    trainer = {variable.name: variable.value for variable in policy.trainer.env}
    server = variables(pod["containers"][0])
    assert trainer.items() <= server.items()
    assert (
        trainer["AWS_SHARED_CREDENTIALS_FILE"] == f"{mount['mountPath']}/{next(iter(SAMPLES['Secret']['stringData']))}"
    )
    assert policy.rollout.env in server
    assert DIGEST_ANNOTATION in str(pod)
    assert policy.rollout.container == pod["containers"][0]["name"]


def test_the_sample_of_the_secret_is_read(bucket_world: BucketWorld, tmp_path: Path) -> None:
    text = SAMPLES["Secret"]["stringData"]["credentials"]
    key, secret = (bucket_world.gateway.environment()[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    (tmp_path / "credentials").write_text(text.replace("AKIA...", key).replace("= ...", f"= {secret}"))
    bucket_world.patch.delenv("AWS_ACCESS_KEY_ID")
    bucket_world.patch.delenv("AWS_SECRET_ACCESS_KEY")
    bucket_world.patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    assert list(bucket_world.objects.below("data")) == []


def test_the_names_are_those_of_a_version(bucket_world: BucketWorld) -> None:
    bucket_world.begin(6, model={"joblib": True})
    there = {one.key.rpartition("/")[2] for one in bucket_world.objects.below("models/churn/v000001-first")}
    drawn = PAGE.partition("```\n")[2].partition("```")[0]
    assert {name for name in there if name not in drawn} == set()
    assert manifest.MANIFEST in there
    assert all(shelf.VERSION.fullmatch(name) for name in re.findall(r"v\d{6}-\w+", drawn))


def test_the_numbers_and_variables_are_those_of_the_code() -> None:
    assert f"{objects.MOST_OBJECTS:,} objects" in PAGE
    assert shelf.DEAD_AFTER == 3600
    assert connection.RETRY["retry_timeout"].total_seconds() == 60
    assert "keep" in Model.model_fields
    rights = set(re.findall(r"`s3:(\w+)`", PAGE))
    assert rights == set(connection.RIGHTS.values())
    read = set(re.findall(r'"(AWS_\w+)"', Path(connection.__file__).read_text())) - set(connection.ENDPOINTS)
    assert {name for name in read if f"`{name}`" not in PAGE} == set()
