"""Where an administrator wants it, a trainer's image is pinned by digest."""

from collections.abc import Iterator

import pytest

from tests.admission.conftest import MANIFESTS, Json, denial, in_force, merge
from tests.crds.conftest import Kubectl
from tests.crds.samples import policy, trainer

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("admission")]

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
REFUSED = (
    "spec.trainer.image of RetrainPolicy churn is {image}, but namespace {namespace} takes only images that are pinned "
    "by digest. Write it as NAME@sha256:DIGEST with the 64 hexadecimal digits that docker buildx imagetools inspect "
    "{image} prints."
)


def using(image: str, name: str = "churn") -> Json:
    return {**policy(trainer=trainer(image=image)), "metadata": {"name": name}}


@pytest.fixture(scope="module")
def pinned(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    """A namespace that takes only pinned images, with a policy from before it did."""
    assert kubectl("create", "-n", namespace, "-f", "-", body=using("retrain-trainer:0.1.0", "old")).returncode == 0
    kubectl("label", "namespace", namespace, "retrain.dev/images=pinned")
    applied = kubectl("apply", "-k", str(MANIFESTS / "pinned-images"))
    assert applied.returncode == 0, applied.stderr
    in_force(kubectl)
    yield namespace
    kubectl("delete", "-k", str(MANIFESTS / "pinned-images"))


def create(kubectl: Kubectl, namespace: str, image: str) -> tuple[int, str]:
    done = kubectl("create", "-n", namespace, "--dry-run=server", "-f", "-", body=using(image))
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "image",
    [
        "retrain-trainer",
        "retrain-trainer:0.1.0",
        f"retrain-trainer@{DIGEST[:-1]}",
        f"retrain-trainer@{DIGEST}0",
        f"retrain-trainer@{DIGEST.upper()}",
        f"retrain-trainer@sha512:{DIGEST[7:]}",
        f"@{DIGEST}",
        f"retrain-trainer@{DIGEST}@{DIGEST}",
    ],
)
def test_refused(kubectl: Kubectl, pinned: str, image: str) -> None:
    code, said = create(kubectl, pinned, image)
    assert code == 1
    assert denial(said) == REFUSED.format(image=image, namespace=pinned)


@pytest.mark.parametrize("name", ["retrain-trainer", "registry.example.com:5000/team/trainer:0.1.0"])
def test_accepted(kubectl: Kubectl, pinned: str, name: str) -> None:
    assert create(kubectl, pinned, f"{name}@{DIGEST}") == (0, "")


def test_other_namespaces_are_free(kubectl: Kubectl, pinned: str) -> None:
    assert create(kubectl, "default", "retrain-trainer:0.1.0") == (0, "")


def test_a_policy_from_before_is_pinned_when_its_image_changes(kubectl: Kubectl, pinned: str) -> None:
    words = ("patch", "retrainpolicy", "old", "-n", pinned, "--dry-run=server")
    assert kubectl(*words, *merge(spec={"suspend": True})).returncode == 0
    assert kubectl(*words, *merge(spec={"trainer": {"image": f"retrain-trainer@{DIGEST}"}})).returncode == 0
    refused = kubectl(*words, *merge(spec={"trainer": {"image": "retrain-trainer:0.2.0"}}))
    told = REFUSED.format(image="retrain-trainer:0.2.0", namespace=pinned).replace("churn", "old")
    assert (refused.returncode, denial(refused.stderr)) == (1, told)
