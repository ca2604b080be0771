"""Runs whose candidate is on its way into service, and the policy that they listen to, for the tables about deploys."""

from dataclasses import replace
from typing import Any

from retrain_operator.model.run import RunStatus
from retrain_operator.model.world import Ask
from tests.builders import APolicy, a_policy
from tests.coherent import assert_coherent
from tests.runs import NEW, OLD, ARun, a_run

ROLLOUT: dict[str, Any] = {"targetRef": {"name": "churn-serving"}, "container": "server"}
KEPT = f"The trained model is kept at {NEW.uri}."
PASSED = "accuracy is 0.9 against 0.8 of the champion (gain at least +0.08)."
WATCHFUL = a_policy().watching("drift", max=0.1).watching("accuracy", min=0.85, lasting="1m").by_the_clock("0 0 * * *")
"""A policy with two metrics and a clock."""


def rolls_out(**rollout: Any) -> ARun:
    """A run of such a policy, with a candidate that has passed."""
    return a_run().with_spec(triggers=WATCHFUL.triggers, rollout=ROLLOUT | rollout).accepted()


def followed(run: ARun, policy: APolicy) -> ARun:
    """The run as it sees the policy at this moment, after a pass about that policy."""
    policy = policy.passed()
    known = replace(policy.policy, uid="policy-uid")
    return replace(run, policy=known, observations=policy.observations, now=policy.now)


def checked(run: ARun, policy: APolicy) -> ARun:
    """The run at its own time, at which the policy's triggers are checked and see what they saw before."""
    seen = {name: replace(each, at=run.now) for name, each in policy.observations.items()}
    return followed(run, replace(policy, now=run.now, observations=seen))


def told_by(run: ARun, *, by: str = "", **words: str) -> ARun:
    """A person wrote these words on its policy: approve or reject."""
    policy = run.policy or replace(WATCHFUL.policy, uid="policy-uid")
    asks: dict[str, Any] = {name: Ask(value, by) if value else None for name, value in words.items()}
    return replace(run, policy=replace(policy, **asks))


def undoing(to: str = "churn-before", uri: str | None = OLD.uri, digest: str | None = OLD.digest) -> ARun:
    """A run that only goes back to the model before the one in service."""
    return a_run().going_back(to, uri, digest)


def status_of(run: ARun) -> RunStatus:
    """What it says next, which must be true."""
    status = run.move.status
    assert_coherent(status)
    return status
