"""Whether a run would only repeat what the last one did: the same data, learned from in the same way, to no avail."""

from hashlib import blake2b

from retrain_operator.model.policy import PolicySpec
from retrain_operator.model.run import Outcome
from retrain_operator.model.status import Cause
from retrain_operator.model.world import Policy
from retrain_trainer.contract import Champion, Digest

_TO_NO_AVAIL = frozenset({Outcome.REJECTED, Outcome.INCONCLUSIVE, Outcome.NO_NEW_DATA})


def recipe(spec: PolicySpec, champion: Champion | None) -> str:
    """A hash of all that a candidate depends on beside its data."""
    parts = [part.model_dump_json() for part in (spec.data, spec.model, spec.trainer, spec.evaluation)]
    parts.append(champion.model_dump_json() if champion else "")
    return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


def known_data(policy: Policy, cause: Cause, champion: Champion | None) -> Digest | None:
    """Digest of the data that need not be trained on again; None when a person asked for the run, or all is new."""
    last = policy.status.last_run
    if cause.request or last is None or last.outcome not in _TO_NO_AVAIL:
        return None
    return last.data_digest if last.recipe == recipe(policy.spec, champion) else None
