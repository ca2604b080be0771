"""What can be asked of the API server, and how it is called in a URL and in a sentence."""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from retrain_operator.model.access import Account, Right
from retrain_operator.model.names import GROUP, VERSION


class Resource(NamedTuple):
    """A kind of object, as its URL names it."""

    group: str
    version: str
    plural: str


POLICIES = Resource(GROUP, VERSION, "retrainpolicies")
RUNS = Resource(GROUP, VERSION, "retrainruns")
JOBS = Resource("batch", "v1", "jobs")
PODS = Resource("", "v1", "pods")
DEPLOYMENTS = Resource("apps", "v1", "deployments")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts")
SECRETS = Resource("", "v1", "secrets")
EVENTS = Resource("", "v1", "events")
MOUNTS = {
    "PersistentVolumeClaim": Resource("", "v1", "persistentvolumeclaims"),
    "ConfigMap": Resource("", "v1", "configmaps"),
    "Secret": SECRETS,
}
"""What a pod may mount, by its kind."""
ACCESS_REVIEWS = Resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews")

_METHODS = {"get": "GET", "list": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of the API server, in the words of a Role's rule. `account` is None for the operator itself."""

    verb: str
    resource: Resource
    namespace: str | None
    name: str = ""
    subresource: str = ""
    account: Account | None = None
    metadata_only: bool = False
    """Whether the object's content is left out of the answer."""

    @property
    def right(self) -> Right:
        """The right that it takes."""
        plural = f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural
        return Right(self.verb, self.resource.group, plural, self.name)

    @property
    def thing(self) -> str:
        """What it is about: deployments.apps "churn" in namespace shop."""
        what = str(self.right).removeprefix(f"{self.verb} ")
        return f"{what} in namespace {self.namespace}" if self.namespace else what

    @property
    def method(self) -> str:
        """The HTTP method."""
        return _METHODS[self.verb]

    @property
    def path(self) -> str:
        """The URL's path. ValueError for a name that would lead to another object, or to all of them."""
        group, version, plural = self.resource
        parts = ["apis", group, version] if group else ["api", version]
        if self.namespace is not None:
            parts += ["namespaces", self.namespace]
        parts += [plural] if self.verb in ("list", "create") else [plural, self.name]
        if self.subresource:
            parts += [self.subresource]
        if any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"{self} names no object")
        return "/" + "/".join(quote(part, safe="") for part in parts)

    def __str__(self) -> str:
        """How messages name it: patch deployments.apps "churn" in namespace shop."""
        return f"{self.verb} {self.thing}"


@dataclass(frozen=True, slots=True)
class Discovery(Request):
    """Which kinds a version of an API group serves; everybody may ask."""

    @property
    def path(self) -> str:
        """The URL's path."""
        group, version, _ = self.resource
        return f"/apis/{quote(group, safe='')}/{version}" if group else f"/api/{version}"
