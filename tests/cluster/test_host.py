"""What the cluster does to the machine it runs on: as little as it can, undone afterwards, refused with a reason."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cluster import apt, cluster, dockerd, footprint, node_image, paths, tools
from tests.cluster.command import ClusterError
from tests.cluster.engine import Engine, find
from tests.cluster.progress import Steps

RULES = """\
*filter
:INPUT ACCEPT [7:511]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-1 -j DOCKER
-A FORWARD -i wg0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
"""


@pytest.fixture(autouse=True)
def _folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))


class ElsewhereEngine(Engine):
    """An engine that is not ours, with a node of our name in it."""

    def container(self, name: str) -> tuple[str, bool] | None:
        return (f"id-of-{name}", True)


def test_only_the_rules_of_docker_are_taken_away() -> None:
    kept = footprint.without_docker(RULES, forward_policy="ACCEPT")
    assert kept == "*filter\n:INPUT ACCEPT [7:511]\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i wg0 -j ACCEPT\nCOMMIT\n"


def test_a_policy_that_dropped_before_drops_afterwards() -> None:
    assert ":FORWARD DROP [0:0]" in footprint.without_docker(RULES, forward_policy="DROP")


def test_processes_are_found_by_their_command_line_while_they_live(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo up && read -r line", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()  # before it speaks, its exec may still be under way: no command line yet
        assert footprint.processes(str(tmp_path)) == [child.pid]
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, but nobody has asked how
        assert footprint.processes(str(tmp_path)) == []


@pytest.mark.parametrize("verb", [("create", "--bundle"), ("run", "--bundle"), ("exec", "--process")])
def test_the_runtime_asks_for_all_capabilities_but_the_one(tmp_path: Path, verb: tuple[str, str]) -> None:
    asked = ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_SYS_TIME"]
    process = {"args": ["echo"], "capabilities": {"bounding": asked, "effective": asked[1:], "permitted": asked[:2]}}
    config = tmp_path / "config.json"
    config.write_text(json.dumps(process if verb[0] == "exec" else {"process": process}, separators=(",", ":")))
    (tmp_path / "runc").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "runc").chmod(0o755)
    arguments = ["--root", "/r", verb[0], verb[1], str(config if verb[0] == "exec" else tmp_path), "name"]
    said = subprocess.run(
        [paths.SOURCE / "runc-without-sys-resource", *arguments],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == arguments
    left = json.loads(config.read_text())
    assert (left if verb[0] == "exec" else left["process"])["capabilities"] == {
        "bounding": ["CAP_CHOWN", "CAP_SYS_TIME"],
        "effective": ["CAP_SYS_TIME"],
        "permitted": ["CAP_CHOWN"],
    }


@pytest.mark.parametrize("noted", [None, "another-id"])
def test_a_cluster_that_somebody_else_made_is_refused(noted: str | None) -> None:
    paths.state().mkdir(parents=True)
    if noted:
        cluster.Marker(node=noted, files="", network=True).write()
    with pytest.raises(ClusterError) as told:
        cluster.our_node(ElsewhereEngine("unix:///elsewhere.sock", ours=False))
    assert "a kind cluster named retrain that was not made here, and it is left alone" in str(told.value)
    assert "kind delete cluster --name retrain" in str(told.value)


@pytest.mark.parametrize("noted", [f"id-of-{paths.NODE}", ""], ids=["made", "interrupted while it was made"])
def test_a_cluster_that_we_made_is_known_again(noted: str) -> None:
    paths.state().mkdir(parents=True)
    cluster.Marker(node=noted, files="", network=True).write()
    node = cluster.our_node(ElsewhereEngine("unix:///elsewhere.sock", ours=False))
    assert node == cluster.Node(f"id-of-{paths.NODE}", runs=True)


def test_an_engine_that_was_named_and_does_not_answer_is_not_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ClusterError, match=r"DOCKER_HOST is unix://.*/none\.sock, but no Docker engine answers there"):
        find()


def test_without_root_no_engine_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="No Docker engine answers, and only root on Linux can start one"):
        dockerd.start()
    with pytest.raises(ClusterError, match="mmdebstrap is needed to make images and is not installed"):
        apt.install("mmdebstrap", purpose="to make images")


def test_a_folder_that_is_too_long_for_a_socket_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ("x" * 60)))
    with pytest.raises(ClusterError, match="set XDG_STATE_HOME to a shorter folder"):
        dockerd.start()


def test_a_build_without_room_on_the_disk_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=3 << 30))
    monkeypatch.setattr(Engine, "has_image", lambda _engine, _reference: False)
    monkeypatch.setattr(Engine, "pull", lambda _engine, _reference: False)
    with pytest.raises(ClusterError, match=r"needs 15 GB of disk, and 3\.0 GB are free"):
        node_image.image(Engine("unix:///none.sock", ours=True))


def test_an_old_go_is_passed_over_for_one_that_uv_fetches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("UV", "/opt/uv")
    assert tools.go() == ["/opt/uv", "tool", "run", "--quiet", "--from", tools.GO_PACKAGE, "go"]
    go.write_text("#!/bin/sh\necho go version go1.24.1 linux/amd64\n")
    assert tools.go() == ["go"]


def test_versions_are_those_that_the_go_module_names() -> None:
    assert tools.module_version("k8s.io/kubernetes").startswith("v1.34.")
    assert tools.module_version("sigs.k8s.io/kind").startswith("v0.")


def test_where_there_is_no_terminal_progress_is_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(2)
    with steps.step("Compile", expected=425):
        pass
    with steps.step("Load", expected=5) as step:
        step.share, step.detail = 0.5, "1 of 2"
        told = str(step)
    assert told == "[2/2] Load: 0:00 of about 0:05, 1 of 2"
    assert capsys.readouterr().out.splitlines() == [
        "[1/2] Compile (about 7:05)",
        "[1/2] Compile: 0:00",
        "[2/2] Load (about 0:05)",
        "[2/2] Load: 0:00",
    ]
