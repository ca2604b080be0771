"""The API server's audit log in words: who did what, and as whom. It has no bodies; see tests/cluster/kind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.cluster import paths
from tests.cluster.command import capture
from tests.e2e.stage import Json

OPERATOR = "system:serviceaccount:retrain-system:retrain-operator"
READS = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, order=True)
class Act:
    """One request that the API server has answered."""

    user: str
    acting_as: str
    """The ServiceAccount that the user acted as; empty for the user itself."""
    verb: str
    resource: str
    """With its subresource, as a Role names it: retrainruns/status."""
    namespace: str
    name: str
    code: int
    agent: str

    @property
    def by_the_operator(self) -> bool:
        """Whether the operator did it, whoever it acted as."""
        return self.user == OPERATOR

    @property
    def refused(self) -> bool:
        """Whether nothing came of it for want of a right. Who is not let in is then not named as `acting_as`."""
        return self.code == 403

    @property
    def home(self) -> str:
        """Namespace of the account that was acted as."""
        return self.acting_as.split(":")[2] if self.acting_as.count(":") == 3 else ""

    @property
    def who(self) -> str:
        """The operator itself, or an account, without the account's name."""
        return "account" if self.acting_as else "itself"


def now() -> datetime:
    """The time of the node's clock, which is the log's."""
    return datetime.fromtimestamp(float(_in_node("date +%s.%N")), UTC)


def acts(since: datetime, word: str = OPERATOR) -> list[Act]:
    """What has been done since then, in requests that have the word in them."""
    # The log is rotated: what the test is about may stand in two files. No line is no error.
    lines = _in_node(f"grep -hF '{word}' {paths.AUDIT_LOG.removesuffix('.log')}*.log || true")
    return list(_acts(lines.splitlines(), since))


def _acts(lines: list[str], since: datetime) -> Iterator[Act]:
    for line in lines:
        event = json.loads(line)
        if event["stage"] != "ResponseStarted" and datetime.fromisoformat(event["requestReceivedTimestamp"]) >= since:
            yield _act(event)


def _act(event: Json) -> Act:
    about = event.get("objectRef", {})
    subresource = f"/{about['subresource']}" if about.get("subresource") else ""
    return Act(
        user=event["user"]["username"],
        acting_as=event.get("impersonatedUser", {}).get("username", ""),
        verb=event["verb"],
        resource=about.get("resource", event["requestURI"]) + subresource,
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        agent=event.get("userAgent", ""),
    )


def _in_node(command: str) -> str:
    return capture("docker", "--host", paths.docker_host(), "exec", paths.NODE, "sh", "-c", command)
