"""Whatever may hold a run back, against whatever may ask for one: every pair, in the words the policy says it with."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from retrain_operator.decide.start import Hold, Start
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Condition, PolicyStatus
from tests.builders import APolicy, a_policy
from tests.coherent import assert_coherent

Step = Callable[[APolicy], APolicy]


@dataclass(frozen=True)
class Kind:
    """A policy with one kind of trigger, how that is made to fire, and what it says then at 10:00 and at 10:06."""

    policy: APolicy
    fire: Step
    first: str
    again: str


def doubled(policy: APolicy) -> APolicy:
    """Twice the rows that the champion knows."""
    baseline = policy.trigger("rows").baseline
    assert baseline is not None
    return policy.seeing("rows", 2 * baseline)


def asked(policy: APolicy) -> APolicy:
    return policy.asked_by_hand(f"at {policy.now:%H:%M}", by="kubectl-annotate")


NEW = a_policy().created_at("09:59:00").at("09:59:00")
EVERY_TWO = "*/2 * * * *"
DRIFT = "drift is 0.12, above 0.1."
SLOT = "The slot of 2024-06-01 10:0{} UTC of nightly has come."
ROWS = "rows is {}, up by 100 % from {}; more than 20 %."
ASKED = "A run was asked for by kubectl-annotate with the annotation retrain.dev/requestedAt."
KINDS = {
    "prometheus": Kind(
        NEW.watching("drift", max=0.1).seeing("drift", 0.02).passed(), lambda one: one.seeing("drift", 0.12),
        first=DRIFT, again=DRIFT),
    "schedule": Kind(
        NEW.by_the_clock(EVERY_TWO).watching("drift", max=0.1).seeing("drift", 0.02).passed(), lambda one: one,
        first=SLOT.format(0), again=SLOT.format(6)),
    "dataVolume": Kind(
        NEW.counting("rows", growthPercent=20).seeing("rows", 100).passed(), doubled,
        first=ROWS.format(200, 100), again=ROWS.format(400, 200)),
    "all": Kind(
        NEW.watching("drift", max=0.1).by_the_clock(EVERY_TWO).counting("rows", growthPercent=20).needing_all()
        .seeing("drift", 0.02).seeing("rows", 100).passed(),
        lambda one: doubled(one).seeing("drift", 0.12),
        first=f"{DRIFT} {SLOT.format(0)} {ROWS.format(200, 100)}",
        again=f"{DRIFT} {SLOT.format(6)} {ROWS.format(400, 200)}"),
    "manual": Kind(
        NEW.watching("drift", max=0.1).seeing("drift", 0.02).passed(), asked,
        first=ASKED, again=ASKED),
}  # fmt: skip


def after(outcome: Outcome, cooldown: str, **limits: int | str) -> Callable[[Kind], APolicy]:
    """It fires at 10:00, its run ends like this at 10:05 in a policy with these rests, and it fires again at 10:06."""

    def life(kind: Kind) -> APolicy:
        rests = kind.policy.resting(cooldown, cooldown, cooldown).limited(**limits)
        over = kind.fire(rests.at("10:00:00")).passed().training().at("10:05:00").run_ended(outcome).passed()
        return kind.fire(over.at("10:06:00"))

    return life


def unanswered(step: Step) -> Callable[[Kind], APolicy]:
    """No number comes of any query when it should fire at 10:00."""
    return lambda kind: step(kind.fire(kind.policy.at("10:00:00")))


QUERIES = ("drift", "rows")
HOLDS: dict[str, Callable[[Kind], APolicy]] = {
    "suspended": lambda kind: kind.fire(kind.policy.suspended().at("10:00:00")),
    "a run under way": lambda kind: kind.fire(kind.fire(kind.policy.at("10:00:00")).passed().training().at("10:06:00")),
    "an open circuit": after(Outcome.FAILED, "0s", failureLimit=1),
    "a rest after success": after(Outcome.SUCCEEDED, "1h"),
    "a rest after rejection": after(Outcome.REJECTED, "6h"),
    "a rest after failure": after(Outcome.FAILED, "10m"),
    "no new data": after(Outcome.NO_NEW_DATA, "6h"),
    "runs that do not help": after(Outcome.SUCCEEDED, "1m"),
    "a budget": after(Outcome.SUCCEEDED, "0s", maxRuns=1, period="12h"),
    "no data": unanswered(lambda policy: policy.silent(*QUERIES)),
    "a source error": unanswered(lambda policy: policy.unreachable(*QUERIES)),
}


def every(told: str) -> dict[str, str]:
    return dict.fromkeys(KINDS, told)


def but_who_asks(told: str) -> dict[str, str]:
    """What is told of any trigger, though a request by hand is stronger."""
    return every(told) | {"manual": "Start: {again}"}


RESTS = "The next run may start at 2024-06-01 {} UTC, {} after {}. Run {{run}}: It ended."
GATES = f"{SLOT.format(0)} With triggerMode All a run waits for drift, rows."
SILENT = "{}: The query returned no series."
DOWN = "{}: Prometheus at prometheus:9090 refused the connection."
THEN: dict[str, dict[str, str]] = {
    "suspended": every("Suspended: The policy is suspended: no run starts while spec.suspend is true."),
    "a run under way": every("RunActive: Run {run} is under way: {first}"),
    "an open circuit": but_who_asks(
        "CircuitOpen: The last run failed, so no other starts until the spec changes or one is asked for: kubectl "
        'annotate retrainpolicy churn --overwrite retrain.dev/requestedAt="$(date)". Run {run}: It ended.'),
    "a rest after success": but_who_asks(f"CoolingDown: {RESTS.format('11:05:00', '1h', 'a promotion')}"),
    "a rest after rejection": but_who_asks(
        f"CoolingDown: {RESTS.format('16:05:00', '6h', 'a candidate that was not promoted')}"),
    "a rest after failure": but_who_asks(f"CoolingDown: {RESTS.format('10:15:00', '10m', 'a run that failed')}"),
    "no new data": but_who_asks(f"NoNewData: {RESTS.format('16:05:00', '6h', 'a run without new data')}"),
    # Only of a metric can be said that a new model did not help: slots come anyway, and growth is measured anew.
    "runs that do not help": every("Start: {again}") | dict.fromkeys(
        ("prometheus", "all"),
        "IneffectiveRetrain: A run that succeeded has not helped since the breach of drift began at 2024-06-01 "
        "10:00:00 UTC. The next run for it may start at 2024-06-01 10:07:00 UTC; look whether it measures what "
        "retraining can change."),
    "a budget": but_who_asks(
        "BudgetExhausted: 1 run has started within 12h, as many as limits.maxRuns allows. The next may start at "
        "2024-06-01 22:00:00 UTC. What waits for it: {again}"),
    # What is not known holds those back that ask, and nobody else.
    "no data": every("Start: {first}") | {
        "prometheus": f"NoData: {SILENT.format('drift')}",
        "dataVolume": f"NoData: {SILENT.format('rows')}",
        "all": f"NoData: {GATES} {SILENT.format('drift')} {SILENT.format('rows')}"},
    "a source error": every("Start: {first}") | {
        "prometheus": f"SourceUnreachable: {DOWN.format('drift')}",
        "dataVolume": f"SourceUnreachable: {DOWN.format('rows')}",
        "all": f"SourceUnreachable: {GATES} {DOWN.format('drift')} {DOWN.format('rows')}"},
}  # fmt: skip
PAIRS = [pytest.param(hold, kind, id=f"{hold} and {kind}") for hold in HOLDS for kind in KINDS]


def told(hold: str, kind: str) -> tuple[APolicy, str, str]:
    """The policy, and what is to be said: `Start` or the reason of a hold, and its sentence."""
    policy = HOLDS[hold](KINDS[kind])
    run = policy.status.active_run or policy.status.last_run
    word, _, message = THEN[hold][kind].partition(": ")
    words = {"run": run.name if run else "", "first": KINDS[kind].first, "again": KINDS[kind].again}
    return policy, word, message.format(**words)


@pytest.mark.parametrize(("hold", "kind"), PAIRS)
def test_what_holds_a_run_back(hold: str, kind: str) -> None:
    policy, word, message = told(hold, kind)
    match policy.decision:
        case Hold() as hold_back:
            assert (hold_back.reason, hold_back.message) == (word, message)
        case Start(cause=cause):
            assert ("Start", cause.message) == (word, message)
            assert cause.trigger == {"schedule": "nightly", "prometheus": "drift", "dataVolume": "rows"}.get(kind, kind)


STATES = {
    "suspended": "Suspended",
    "a run under way": "Training",
    "an open circuit": "Stalled",
    "no data": "Idle",
    "a source error": "Idle",
}
"""Where a policy stands while it is held back; in all other cases it is CoolingDown."""
WATCHING = "Watching: The triggers are checked, and a run starts when {}."


@pytest.mark.parametrize(("hold", "kind"), PAIRS)
def test_what_the_policy_says_of_it(hold: str, kind: str) -> None:
    policy, word, message = told(hold, kind)
    status = policy.passed().status
    assert_coherent(status)
    if word == "Start":
        assert (status.state, status.message) == ("Training", f"A run starts: {message}")
    else:
        state = STATES.get(hold, "CoolingDown")
        assert status.state == state
        assert (status.cooldown_until is not None) == (state == "CoolingDown")
        if hold != "a run under way":  # then it is the run that speaks
            assert (status.reason, status.message) == (word, message)
    stuck = word == "CircuitOpen"
    assert said(status, "Stalled") == (f"True: CircuitOpen: {message}" if stuck else "")
    assert said(status, "Ready") == ready(hold, kind, word, message)


def said(status: PolicyStatus, kind: str) -> str:
    found: list[Condition] = [each for each in status.conditions if each.type == kind]
    return "".join(f"{each.status}: {each.reason}: {each.message}" for each in found)


def ready(hold: str, kind: str, word: str, message: str) -> str:
    """Ready is what does its job, though it may rest; not what waits for a person, or for a source that is down."""
    if word == "Suspended":
        return f"True: {word}: {message}"
    if word == "CircuitOpen":
        return f"False: {word}: {message}"
    asks = {"prometheus": "drift", "manual": "drift", "dataVolume": "rows", "all": "drift"}
    if hold == "a source error" and kind in asks:
        return f"False: SourceUnreachable: {DOWN.format(asks[kind])}"
    return f"True: {WATCHING.format('all fire at once' if kind == 'all' else 'one fires')}"
