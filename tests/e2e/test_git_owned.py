"""A target that Git owns: a revert is seen, named and not fought, and a policy may only recommend."""

import json
from typing import Any

import pytest
import yaml

from tests.e2e.stage import REST, Tenant, eventually

pytestmark = pytest.mark.cluster
FIRST = "file:///models/churn/v-first"
ROLLOUT: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}


def revert(tenant: Tenant, manager: str) -> None:
    """Do what a GitOps tool does: apply what Git says, by force, under its own name."""
    container = {"name": "server", "env": [{"name": "MODEL_URI", "value": FIRST}]}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn-serving"}}
    spec = {"spec": {"template": {"spec": {"containers": [container]}}}}
    words = ["apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-"]
    tenant.kubectl(*words, stdin=json.dumps(body | spec))


def test_a_revert_while_the_model_is_watched_is_named_and_not_fought(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote", rollout={**ROLLOUT, "bake": {"duration": "10m"}}, cooldown=REST)
    tenant.ask_for_a_run()
    eventually(lambda: tenant.policy().get("state") == "Baking")
    revert(tenant, "kustomize-controller")
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("RolledBack", "RevertedByManager")
    assert ended["message"].startswith(
        'kustomize-controller put the model before back into Deployment "churn-serving"; it is left as it is. Let Flux '
        "leave it alone: take the value of MODEL_URI out of Git and annotate the Deployment there with "
        "kustomize.toolkit.fluxcd.io/ssa: Merge."
    )
    assert tenant.model() == FIRST
    tenant.describe()


def test_a_revert_after_the_run_is_seen_too_and_no_run_starts_by_itself(tenant: Tenant) -> None:
    tenant.drift(0.02)
    tenant.apply_policy("promote")
    tenant.ask_for_a_run()
    assert tenant.ended()["outcome"] == "Succeeded"
    assert tenant.settled()["champion"]
    revert(tenant, "argocd-controller")
    eventually(lambda: tenant.ready().get("reason") == "RevertedByManager", 180)
    assert "RespectIgnoreDifferences=true" in tenant.ready()["message"]
    tenant.describe()
    tenant.drift(0.4)
    eventually(lambda: tenant.policy()["triggers"][0]["state"] == "Firing")
    assert len(tenant.runs()) == 1
    assert tenant.model() == FIRST
    tenant.ask_for_a_run()
    assert tenant.ended(runs=2)["outcome"] == "Succeeded"


def test_a_policy_that_only_recommends_leaves_a_patch_to_commit(tenant: Tenant) -> None:
    rights = '[{"op": "replace", "path": "/rules/1/verbs", "value": ["get"]}]'
    tenant.kubectl("patch", "role", "retrain-runner", "--type=json", "-p", rights)
    tenant.apply_policy("promote", rollout={**ROLLOUT, "mode": "RecommendOnly"}, cooldown=REST)
    tenant.ask_for_a_run()
    ended = tenant.ended()
    assert (ended["outcome"], ended["reason"]) == ("Succeeded", "Recommended")
    assert (tenant.model(), tenant.get("deployment", "churn-serving")["metadata"]["generation"]) == (FIRST, 1)
    assert "champion" not in tenant.settled()
    tenant.describe()
    candidate = ended["result"]["candidate"]
    patch = yaml.safe_load(ended["recommendation"])
    assert patch["spec"]["template"]["metadata"]["annotations"]["retrain.dev/model-digest"] == candidate["digest"]
    tenant.kubectl("patch", "deployment", "churn-serving", "-p", ended["recommendation"])
    assert tenant.model() == candidate["uri"], "kubectl takes it as it is"
