"""What is said when nothing can be told of a policy: one sentence, whatever the cluster or the kubeconfig does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from retrain_operator.cli.cluster import CannotTellError, Place, look

NOT_FOUND = b'{"kind": "Status", "code": 404, "details": {"name": "churn", "kind": "retrainpolicies"}}'
FORBIDDEN = b'{"kind": "Status", "code": 403, "message": "User \\"ann\\" cannot get resource"}'

ANSWERS = {
    "no such policy": (404, NOT_FOUND, "Policy churn does not exist"),
    "no such kind": (
        404,
        b"404 page not found\n",
        "The cluster does not know RetrainPolicy; install it with kubectl apply -k manifests/base",
    ),
    "credentials that have expired": (
        401,
        b'{"kind": "Status", "code": 401}',
        "The cluster does not accept your credentials; log in again",
    ),
    "forbidden": (
        403,
        FORBIDDEN,
        "You may not get retrainpolicies in namespace shop; ask for the ClusterRole retrain-viewer there",
    ),
    "a server that is broken": (500, b"boom", "The cluster answered with HTTP 500; try again"),
}


class Server(HTTPServer):
    """A server on loopback that gives one answer to everything."""

    answer: tuple[int, bytes] = (500, b"")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class OneAnswer(BaseHTTPRequestHandler):
    """Answers what its server was told to."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        code, body = self.server.answer
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), OneAnswer) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def kubeconfig(folder: Path, address: str) -> str:
    """A kubeconfig whose only context means namespace shop of a cluster at this address."""
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": address}}],
        "users": [{"name": "ann", "user": {}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "ann", "namespace": "shop"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(body))
    return str(path)


@pytest.mark.parametrize(("code", "body", "sentence"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_the_cluster_answers(server: Server, tmp_path: Path, code: int, body: bytes, sentence: str) -> None:
    server.answer = (code, body)
    with pytest.raises(CannotTellError) as told:
        look("churn", Place(kubeconfig=kubeconfig(tmp_path, server.address)))
    assert str(told.value) == sentence


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError) as told:
        look("churn", Place(kubeconfig=kubeconfig(tmp_path, "http://127.0.0.1:1")))
    assert str(told.value).startswith("The cluster at http://127.0.0.1:1 cannot be reached: ")
    assert "Connection refused" in str(told.value)


def test_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError, match=r"^The kubeconfig cannot be used: Invalid kube-config file"):
        look("churn", Place(kubeconfig=str(tmp_path / "absent")))


def test_a_kubeconfig_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("{")
    with pytest.raises(CannotTellError, match=r"^The kubeconfig cannot be used: while parsing"):
        look("churn", Place(kubeconfig=str(path)))


def test_an_unknown_context(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError) as told:
        look("churn", Place(context="there", kubeconfig=kubeconfig(tmp_path, "http://127.0.0.1:1")))
    assert str(told.value) == "There is no context there in the kubeconfig; see kubectl config get-contexts"
