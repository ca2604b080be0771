"""What the API server says of a policy and its newest run, asked with the user's own kubeconfig."""

# The client's readers of kubeconfigs have no types.
# mypy: allow-untyped-calls

from dataclasses import dataclass
from typing import Any

import urllib3
import yaml
from kubernetes import client, config
from urllib3.exceptions import HTTPError

from retrain_operator.edges import objects
from retrain_operator.model.names import GROUP, VERSION
from retrain_operator.model.plain import plain
from retrain_operator.model.world import InvalidPolicy, Policy, Run

TIMEOUT = 10.0


class CannotTellError(Exception):
    """Why nothing can be told, in one sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a policy is looked for. What is None is as the kubeconfig says."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None


def look(name: str, place: Place) -> tuple[Policy | InvalidPolicy, Run | None]:
    """The policy, and its run under way or else its last one, if that still exists. Raises CannotTellError."""
    api, namespace = _connect(place)
    body = _get(api, namespace, "retrainpolicies", name)
    if body is None:
        raise CannotTellError(f"Policy {name} does not exist")
    policy = objects.policy(body)
    newest = policy.status.active_run or policy.status.last_run
    found = _get(api, namespace, "retrainruns", newest.name) if newest else None
    return policy, objects.run(found) if found and objects.owned_by(found, policy.uid) else None


def _connect(place: Place) -> tuple[Any, str]:
    """A client of the cluster's custom objects, and the namespace that is meant."""
    settings = client.Configuration()
    try:
        contexts, active = config.list_kube_config_contexts(place.kubeconfig)
        chosen = next((each for each in contexts if each["name"] == place.context), None) if place.context else active
        if chosen is None:
            raise CannotTellError(
                f"There is no context {place.context} in the kubeconfig; see kubectl config get-contexts"
            )
        config.load_kube_config(place.kubeconfig, context=chosen["name"], client_configuration=settings)
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise CannotTellError(f"The kubeconfig cannot be used: {plain(str(error), 300)}") from None
    settings.retries = False
    if not settings.verify_ssl:
        urllib3.disable_warnings()  # the kubeconfig says so, as kubectl takes for granted
    namespace = place.namespace or chosen["context"].get("namespace") or "default"
    return client.CustomObjectsApi(client.ApiClient(settings)), namespace


def _get(api: Any, namespace: str, plural: str, name: str) -> dict[str, Any] | None:
    """An object of ours, None when it is not there."""
    try:
        found: dict[str, Any] = api.get_namespaced_custom_object(
            GROUP, VERSION, namespace, plural, name, _request_timeout=TIMEOUT
        )
    except client.ApiException as error:
        if error.status == 404 and '"details"' in (error.body or ""):
            return None
        raise CannotTellError(_refusal(error.status, plural, namespace)) from None
    except HTTPError as error:
        host = api.api_client.configuration.host
        raise CannotTellError(f"The cluster at {host} cannot be reached: {plain(str(error), 300)}") from None
    return found


def _refusal(code: int, plural: str, namespace: str) -> str:
    match code:
        case 401:
            return "The cluster does not accept your credentials; log in again"
        case 403:
            return f"You may not get {plural} in namespace {namespace}; ask for the ClusterRole retrain-viewer there"
        case 404:
            return "The cluster does not know RetrainPolicy; install it with kubectl apply -k manifests/base"
        case _:
            return f"The cluster answered with HTTP {code}; try again"
