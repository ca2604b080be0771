"""Whether a run would only repeat what the last one did: the same data, learned from in the same way, to no avail."""

from collections.abc import Container
from hashlib import blake2b

from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.reason import Reason
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause, RunSummary
from retrain_operator.model.world import Policy
from retrain_trainer.contract import Champion, Digest

_TO_NO_AVAIL = frozenset({Outcome.REJECTED, Outcome.INCONCLUSIVE, Outcome.NO_NEW_DATA})
"""NoNewData keeps known what was tried before it, even when the history has forgotten that."""


def recipe(spec: PolicySpec, champion: Champion | None) -> str:
    """A hash of all that a candidate depends on beside its data."""
    learned = spec.model.model_dump_json(exclude={"keep", "joblib"})
    parts = [learned, *(part.model_dump_json() for part in (spec.data, spec.trainer, spec.evaluation))]
    parts.append(champion.model_dump_json() if champion else "")
    return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


def known_data(policy: Policy, cause: Cause, champion: Champion | None) -> Digest | None:
    """Digest of the data that need not be tried again, as far back as the history goes; None when a person asks."""
    if cause.request:
        return None
    same, taken_back = recipe(policy.spec, champion), {each.digest for each in policy.status.quarantine}
    tried = (each for each in policy.status.history if each.recipe == same and _to_no_avail(each, taken_back))
    return next((each.data_digest for each in tried if each.data_digest), None)


def _to_no_avail(run: RunSummary, taken_back: Container[str]) -> bool:
    """Whether the run's inputs would only give again what is not wanted, or what already waits to be committed."""
    quarantined = run.candidate is not None and run.candidate.digest in taken_back
    return run.outcome in _TO_NO_AVAIL or run.reason == Reason.RECOMMENDED or quarantined
