"""The same questions to a real Prometheus, run from the image that the cluster runs."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kubernetes.aio.client import ApiClient

from retrain_operator.edges.kube import connect
from retrain_operator.edges.prometheus import Prometheus, http_session
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.model.observation import NoData, Observation, Sample, SourceError
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from tests.cluster import paths

pytestmark = pytest.mark.cluster

AN_HOUR_AGO = datetime.fromtimestamp(time.time(), UTC) - timedelta(hours=1)
CONFIG = """
global: {scrape_interval: 1s}
scrape_configs:
- job_name: itself
  static_configs: [{targets: [localhost:9090]}]
"""


def docker(*arguments: str, text: str = "") -> str:
    command = ["docker", "--host", paths.docker_host(), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stderr or done.stdout}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes itself every second, on a port of loopback."""
    config: Path = tmp_path_factory.mktemp("prometheus") / "prometheus.yml"
    config.write_text(CONFIG)
    flags = ("--config.file=/prometheus.yml", "--storage.tsdb.path=/prometheus/data")
    image = paths.images().get("PROMETHEUS_IMAGE")
    assert image, "the image of Prometheus is not there: run `make images`"
    made = docker("create", "--network", "kind", "--publish", "127.0.0.1::9090", image, *flags)
    try:
        docker("cp", str(config), f"{made}:/prometheus.yml")
        docker("start", made)
        yield made
    finally:
        docker("rm", "--force", "--volumes", made)


@pytest.fixture(scope="module")
def address(container: str) -> str:
    """Where it listens, once it has scraped itself."""
    found = f"http://{docker('port', container, '9090/tcp')}"
    end = time.monotonic() + 30
    while not isinstance(asyncio.run(_ask(found, "up == 1")), Sample):
        assert time.monotonic() < end, docker("logs", container)
        time.sleep(0.2)
    return found


async def _ask(address: str, query: str, at: datetime | None = None) -> Observation:
    async with http_session() as session:
        return await Prometheus(session, address).ask(query, at or datetime.fromtimestamp(time.time(), UTC))


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("up", 1.0),
        ("scalar(up)", 1.0),
        ("0.05 + 0.07", 0.05 + 0.07),
        ("max(vector(0.85) or label_replace(vector(0.80), 'pod', 'b', '', ''))", 0.85),
        ("count(up == 2) or vector(0)", 0.0),
    ],
)
async def test_one_number_is_a_sample(address: str, query: str, value: float) -> None:
    observation = await _ask(address, query)
    assert isinstance(observation, Sample)
    assert observation.value == value


async def test_the_time_asked_for_is_the_time_answered(address: str) -> None:
    at = datetime(2024, 6, 1, 10, 0, 0, 250_000, tzinfo=UTC)
    assert await _ask(address, "time()", at) == Sample(at, 1717236000.25)
    observation = await _ask(address, "up", at)
    assert isinstance(observation, NoData), "nothing was scraped then"


@pytest.mark.parametrize(
    ("query", "kind", "reason", "beginning"),
    [
        ("absent_metric", NoData, Reason.NO_DATA, "The query returned no series from Prometheus at {}."),
        ("vector(0) / 0", NoData, Reason.NO_DATA, "The query returned NaN from Prometheus at {}."),
        ("1 / vector(0)", NoData, Reason.NO_DATA, "The query returned infinity from Prometheus at {}."),
        ('{job="itself"}', NoData, Reason.SEVERAL_SERIES, "The query returned several series from Prometheus at {};"),
        ("up[5m]", SourceError, Reason.QUERY_INVALID, "The query returned a matrix from Prometheus at {},"),
        ('"up"', SourceError, Reason.QUERY_INVALID, "The query returned a string from Prometheus at {},"),
        ("max(", SourceError, Reason.QUERY_INVALID, "Prometheus at {} does not accept the query: 1:5: parse error: "),
        ("nonsense(up)", SourceError, Reason.QUERY_INVALID, "Prometheus at {} does not accept the query: 1:1: parse "),
        ("", SourceError, Reason.QUERY_INVALID, "Prometheus at {} does not accept the query: 1:1: parse error: no "),
        (
            "up + on() {job='itself'}",
            SourceError,
            Reason.QUERY_INVALID,
            "Prometheus at {} cannot evaluate the query (HTTP 422); try it on its web page, which says why.",
        ),
    ],
)
async def test_no_number_is_told(
    address: str, query: str, kind: type[NoData | SourceError], reason: Reason, beginning: str
) -> None:
    observation = await _ask(address, query)
    assert isinstance(observation, kind)
    assert observation.reason is reason
    assert observation.message.startswith(beginning.format(address.removeprefix("http://")))


async def test_one_that_hangs_is_left_in_time_and_asked_again_later(address: str, container: str) -> None:
    docker("pause", container)
    try:
        async with http_session(seconds=0.5) as session:
            observation = await Prometheus(session, address).ask("up", AN_HOUR_AGO)
    finally:
        docker("unpause", container)
    assert isinstance(observation, SourceError)
    assert observation.reason is Reason.SOURCE_UNREACHABLE
    assert "did not answer within 0.5 s" in observation.message
    assert isinstance(await _ask(address, "vector(1)"), Sample)


async def test_many_at_once(address: str) -> None:
    async with http_session() as session:
        source = Prometheus(session, address)
        answers = await asyncio.gather(*(source.ask(f"vector({number})", AN_HOUR_AGO) for number in range(100)))
    assert answers == [Sample(AN_HOUR_AGO, float(number)) for number in range(100)]


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted() -> None:
    """The API server's certificate is signed by an authority of its own cluster."""
    api: ApiClient = await connect(paths.kubeconfig())
    server = api.configuration.host.removeprefix("https://")
    observation = await _ask(f"https://{server}", "up")
    assert isinstance(observation, SourceError)
    assert observation.message == (
        f"Prometheus at {server} shows a certificate of an authority that is not trusted; give the authority's, as "
        "tls.caFile of a source or ca.crt of a Secret."
    )


def test_promtool_finds_no_fault_in_our_own_metrics(container: str) -> None:
    telemetry = Telemetry()
    telemetry.seen("shop", "churn", "drift", Sample(datetime.fromtimestamp(0, UTC), 0.12))
    telemetry.run_ended("shop", "churn", Outcome.SUCCEEDED)
    with telemetry.timed("policy"):
        pass
    assert (
        docker("exec", "--interactive", container, "/bin/promtool", "check", "metrics", text=telemetry.text().decode())
        == ""
    )
