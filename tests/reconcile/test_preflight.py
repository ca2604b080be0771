"""What a run will need is looked at before it starts, and what refuses its pods is told while they are refused."""

from typing import Any, cast

import pytest
import yaml

from retrain_operator.edges.cluster import Cluster
from retrain_operator.edges.kube import Kube
from retrain_operator.edges.request import JOBS, MOUNTS, POLICIES, RUNS, SERVICE_ACCOUNTS
from retrain_operator.edges.telemetry import Telemetry
from retrain_operator.edges.tenant import Tenant
from retrain_operator.model.access import Account
from retrain_operator.queue import Key
from retrain_operator.reconcile import Reconciler
from tests.builders import SPEC
from tests.decide.case import case
from tests.reconcile.story import POLICY, Story
from tests.runs import NEW, OLD

WHO = "ServiceAccount shop/retrain-runner"
ROLLOUT = {"targetRef": {"name": "churn-serving"}, "container": "server"}
MOUNTING = {
    "image": "retrain-trainer:0.1.0",
    "volumes": [
        {"mountPath": "/data", "persistentVolumeClaim": "data"},
        {"mountPath": "/key", "secret": "s3-key"},
    ],
}


async def test_all_that_is_missing_is_told_at_once_with_a_role_to_paste() -> None:
    story = Story(trainer=MOUNTING)
    story.api.lacking = {("create", "jobs"), ("patch", "deployments"), ("get", "secrets")}
    story.api.counted = {"persistentvolumeclaims"}
    await story.seeing(0.12).until_quiet()
    assert (story.runs, story.api.find(JOBS), story.ready) == ([], [], ("False", "MissingPermission"))
    assert story.policy.message == (
        f'{WHO} may not create jobs.batch, get secrets "s3-key" and patch deployments.apps "churn-serving". Grant it '
        'by a Role in namespace shop. PersistentVolumeClaim "data" does not exist in this namespace. Create it, or '
        "mend spec.trainer.volumes."
    )
    assert [(each.verb, each.resource) for each in story.policy.missing] == [
        ("create", "jobs"),
        ("get", "secrets"),
        ("patch", "deployments"),
    ]
    assert "resourceNames: [s3-key]" in story.policy.grant
    before = list(story.api.writes)
    await story.later("1h").until_quiet()
    assert story.api.writes == before


async def test_one_grant_makes_an_account_that_is_not_there_with_all_its_rights() -> None:
    story = Story()
    story.api.remove(SERVICE_ACCOUNTS, "retrain-runner")
    story.api.lacking = {("create", "jobs"), ("patch", "deployments")}
    await story.seeing(0.12).until_quiet()
    assert story.ready == ("False", "ServiceAccountNotFound")
    assert story.policy.message == (
        f"{WHO} does not exist. Create it, or name another in spec.serviceAccountName. It also lacks the right to "
        'create jobs.batch and patch deployments.apps "churn-serving".'
    )
    assert [each.layer for each in story.policy.missing] == ["ServiceAccountNotFound", "RBAC", "RBAC"]
    made = list(yaml.safe_load_all(story.policy.grant))
    assert [each["kind"] for each in made] == ["ServiceAccount", "Role", "RoleBinding"]
    assert [rule["resources"] for rule in made[1]["rules"]] == [["jobs"], ["deployments"]]


async def test_a_grant_names_the_operator_where_it_runs() -> None:
    story = Story()
    kube = cast("Kube", story.api)
    operator = Account("ml", "retrain-operator")
    reconciler = Reconciler(Cluster(kube), Tenant(kube), story.seen, Telemetry(), lambda: story.now, operator)
    story.api.shut_out = True
    await reconciler(POLICY)
    await reconciler(POLICY)
    assert "- {kind: ServiceAccount, name: retrain-operator, namespace: ml}\n" in story.policy.grant


async def test_once_all_is_there_what_fires_is_answered() -> None:
    story = Story(trainer=MOUNTING)
    story.api.lacking, story.api.counted = {("patch", "deployments")}, {"secrets", "persistentvolumeclaims"}
    await story.seeing(0.12).until_quiet()
    story.api.lacking = set()
    await story.later("10s").until_quiet()
    assert story.ready == ("False", "VolumeNotFound")
    story.api.put(MOUNTS["Secret"], "s3-key", {})
    story.api.put(MOUNTS["PersistentVolumeClaim"], "data", {})
    await story.later("10s").to_the_end()
    assert (story.run.outcome, story.serving, story.ready) == ("Succeeded", NEW.uri, ("True", "Watching"))
    assert (story.policy.missing, story.policy.grant) == ((), "")


async def test_a_gap_is_told_to_whoever_applies_a_policy_before_anything_fires() -> None:
    story = Story()
    story.api.lacking = {("delete", "jobs")}
    await story.seeing(0.02).until_quiet()
    assert story.ready == ("False", "MissingPermission")


async def test_who_is_only_warned_gets_a_model_that_waits_for_its_deploy() -> None:
    story = Story(rollout=ROLLOUT | {"preflight": "Warn"})
    story.api.lacking = {("patch", "deployments")}
    await story.seeing(0.02).until_quiet()
    assert story.ready == ("True", "Watching")
    await story.seeing(0.12).to_the_end()
    assert (story.run.state, story.run.reason, story.serving) == ("Blocked", "MissingPermission", OLD.uri)
    story.api.lacking = set()
    await story.later("10s").to_the_end()
    assert (story.run.outcome, story.serving, story.count("create jobs")) == ("Succeeded", NEW.uri, 1)


# Pods that are refused

QUOTA = 'pods "{pod}" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0'


def refused(story: Story, message: str) -> None:
    """The Job's controller tells in an event that it cannot make a pod."""
    (job,) = story.api.find(JOBS)
    about = {"involvedObject": {"uid": job["metadata"]["uid"]}, "reason": "FailedCreate"}
    at = story.now.isoformat().replace("+00:00", "Z")
    story.api.events.append({**about, "message": f"Error creating: {message}", "lastTimestamp": at})


@pytest.mark.parametrize(
    ("given", "then"),
    [
        case("a quota", given=QUOTA,
             then=("QuotaExceeded", "exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0")),
        case("a LimitRange",
             given='pods "{pod}" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi',
             then=("LimitRange", "maximum memory usage per Container is 64Mi, but limit is 1Gi")),
        case("Pod Security",
             given='pods "{pod}" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
             then=("PodSecurity", 'violates PodSecurity "restricted:latest": runAsNonRoot != true')),
        case("an admission policy",
             given="pods \"{pod}\" is forbidden: ValidatingAdmissionPolicy 'no' with binding 'no' denied request: No.",
             then=("AdmissionDenied", "ValidatingAdmissionPolicy 'no' with binding 'no' denied request: No")),
        case("a webhook", given='admission webhook "images.example.com" denied the request: not signed',
             then=("AdmissionDenied", 'admission webhook "images.example.com" denied the request: not signed')),
        case("an account of the pod's own",
             given='pods "{pod}" is forbidden: error looking up service account shop/default: not found',
             then=("PodNotStarted", "error looking up service account shop/default: not found")),
        case("a webhook that is down",
             given='Internal error occurred: failed calling webhook "images.example.com": connection refused',
             then=("PodNotStarted", 'Internal error occurred: failed calling webhook "images.example.com": connection '
                   "refused")),
    ],
)  # fmt: skip
async def test_what_refuses_the_pods_is_told_within_seconds_and_ends_the_run_at_its_deadline(
    given: str, then: tuple[str, str]
) -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    refused(story, given.format(pod="churn-x-12345"))
    await story.later("5s").until_quiet()
    told = f"No pod of the Job can be made: {then[1]}."
    assert (story.run.state, story.run.reason, story.run.message) == ("Training", then[0], told)
    assert (story.policy.state, story.policy.message) == ("Training", told)
    before = list(story.api.writes)
    refused(story.later("10s"), given.format(pod="churn-x-67890"))
    await story.later("5s").until_quiet()
    assert story.api.writes == before, "another pod that is refused for the same reason is no news"
    await story.later("10m").until_quiet()
    assert (story.run.outcome, story.run.reason, story.run.message) == ("Failed", then[0], told)
    assert (story.api.find(JOBS), story.serving) == ([], OLD.uri)


async def test_once_pods_are_let_in_the_run_goes_on() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    refused(story, QUOTA.format(pod="churn-x-12345"))
    await story.later("5s").until_quiet()
    await story.later("1m").to_the_end()
    assert (story.run.outcome, story.serving) == ("Succeeded", NEW.uri)


async def test_where_the_account_may_not_see_events_it_waits_in_silence() -> None:
    story = Story()
    await story.seeing(0.12).until_quiet()
    refused(story, QUOTA.format(pod="churn-x-12345"))
    story.api.lacking = {("list", "events")}
    await story.later("5s").until_quiet()
    assert story.run.message == "Waiting for the trainer's pod to start."
    await story.later("10m").until_quiet()
    assert (story.run.outcome, story.run.reason) == ("Failed", "PodNotStarted")
    assert story.run.message == "No pod of the Job was made. See the Job's events for the reason."


# A policy that is deleted


@pytest.mark.parametrize("far", ["claimed", "training", "waiting", "rolling", "baking", "ended"])
async def test_a_policy_that_is_deleted_at_any_time_takes_its_run_along_and_leaves_the_model_in_service(
    far: str,
) -> None:
    story = Story(rollout=ROLLOUT | {"approval": "Manual" if far == "waiting" else "Automatic", "bake": BAKE})
    if far == "claimed":
        story.api.kill_at = 1
        await story.seeing(0.12).one_pass(POLICY)
    await story.seeing(0.12).until_quiet()
    if far not in ("claimed", "training"):
        await story.until_deployed()
    if far in ("baking", "ended"):
        story.available()
        await story.until_quiet()
    if far == "ended":
        await story.later("10m").seeing(0.02).until_quiet()
    serving = story.serving
    keys = [POLICY, *(Key("run", "shop", run["metadata"]["name"]) for run in story.api.find(RUNS))]
    story.api.remove(POLICIES, "churn")
    before = list(story.api.writes)
    assert [await story.one_pass(key) for key in keys] == [None] * len(keys)
    assert (story.api.writes, story.serving, story.api.find(JOBS)) == (before, serving, [])
    assert story.seen.watched == set()


BAKE: dict[str, Any] = {"duration": "10m"}


async def test_a_run_that_outlives_its_policy_for_a_moment_asks_nobody_and_takes_nothing_for_health() -> None:
    story = Story(rollout=ROLLOUT | {"bake": BAKE})
    await story.seeing(0.12).to_the_end()
    del story.api.objects["retrainpolicies", "shop", "churn"]  # its runs are collected a little later
    (run,) = story.api.find(RUNS)
    await story.later("11m").one_pass(Key("run", "shop", run["metadata"]["name"]))
    assert (story.run.state, story.run.outcome) == ("Baking", None)


async def test_another_policy_of_the_same_name_has_no_say_about_its_forerunners_run() -> None:
    story = Story(rollout=ROLLOUT | {"approval": "Manual"})
    await story.seeing(0.12).to_the_end()
    (run,) = story.api.find(RUNS)
    name = run["metadata"]["name"]
    del story.api.objects["retrainpolicies", "shop", "churn"]
    story.api.put(POLICIES, "churn", {"spec": SPEC, "metadata": {"annotations": {"retrain.dev/approve": name}}})
    await story.one_pass(Key("run", "shop", name))
    assert (story.run.state, story.serving) == ("AwaitingApproval", OLD.uri)
