"""Images are checked under the restrictions of a pod, by a real engine: the one that the test cluster runs in."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.broken import EXAMPLE
from tests.cli.program import PROGRAM, called
from tests.cluster import images, paths
from tests.cluster.engine import Engine, find

pytestmark = pytest.mark.cluster

NAME = "localhost/retrain-example-check"


@dataclass
class Workshop:
    """Builds images upon the example's."""

    engine: Engine
    folder: Path

    def image(self, tag: str, *lines: str) -> str:
        context = self.folder / tag
        context.mkdir()
        (context / "Dockerfile").write_text("\n".join([f"FROM {NAME}:honest", *lines]) + "\n")
        self.engine.build(context, f"{NAME}:{tag}", paths.logs() / "example.log")
        return f"{NAME}:{tag}"

    def checked(self, image: str, *options: str) -> dict[str, Any]:
        done = called("contract", "check", "-o", "json", *options, image, folder=self.folder)
        told: dict[str, Any] = json.loads(done.out)
        assert (done.code == 0) == told["kept"]
        assert self.containers() == "", "a container outlives the check"
        return told

    def containers(self) -> str:
        return self.engine.docker("ps", "--all", "--quiet", "--filter", "name=retrain-check-")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = find()
    assert engine, "no engine answers: run `make cluster`"
    engine.build(EXAMPLE, f"{NAME}:honest", paths.logs() / "example.log", BASE=images._python(engine))
    yield engine
    for image in engine.docker("images", "--format", "{{.Repository}}:{{.Tag}}", NAME).splitlines():
        engine.docker("rmi", image)


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    return Workshop(engine, tmp_path)


def first_breach(told: dict[str, Any]) -> str:
    breach = next(breach for check in told["checks"] for breach in check["breaches"])
    return f"{breach['step']}: {breach['expected']} | {breach['came']}"


def test_the_example_keeps_the_contract_as_an_image(workshop: Workshop) -> None:
    told = workshop.checked(f"{NAME}:honest")
    assert told["kept"], told
    assert told["trainer"] == f"{NAME}:honest, an image"


def test_the_projects_own_image_keeps_it_too(workshop: Workshop) -> None:
    own = paths.images().get("TRAINER_IMAGE", "")
    assert own, "the images are not built: run `make images`"
    told = workshop.checked(own)
    assert told["kept"], told


def test_a_step_cannot_write_in_its_image(workshop: Workshop) -> None:
    told = workshop.checked(workshop.image("writes", 'ENTRYPOINT ["sh", "-c", "touch /cache || exit 9"]'))
    assert first_breach(told) == (
        "collect: an answer and exit code 0 | exit code 9 and no answer; its log ends: "
        "touch: cannot touch '/cache': Read-only file system"
    )


def test_a_step_has_no_network_and_is_not_root(workshop: Workshop) -> None:
    look = (
        "test $(id -u) != 0 && test $(ls /sys/class/net) = lo && grep -q 'CapEff:.*0000000000000000' /proc/self/status"
    )
    told = workshop.checked(workshop.image("looks", f'ENTRYPOINT ["sh", "-c", "{look} && exit 7"]'))
    assert first_breach(told) == "collect: an answer and exit code 0 | exit code 7 and no answer"


def test_a_step_that_is_stuck_is_removed(workshop: Workshop) -> None:
    told = workshop.checked(workshop.image("stuck", 'ENTRYPOINT ["sh", "-c", "sleep 120"]'), "--timeout", "3")
    assert first_breach(told) == "collect: an answer within 3 s (--timeout) | it was still at work, and was ended"


def test_an_interrupted_check_removes_its_container(workshop: Workshop) -> None:
    image = workshop.image("interrupted", 'ENTRYPOINT ["sh", "-c", "sleep 120"]')
    process = subprocess.Popen([PROGRAM, "contract", "check", image], stderr=subprocess.PIPE, text=True)
    while not workshop.containers():
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == "Interrupted: the step under way was ended.\n"
    assert (process.returncode, workshop.containers()) == (130, "")


def test_an_image_that_the_engine_does_not_have(workshop: Workshop) -> None:
    done = called("contract", "check", f"{NAME}:absent", folder=workshop.folder)
    assert done.code == 2
    assert done.err.endswith("docker does not have it; pull or build it first.\n")
