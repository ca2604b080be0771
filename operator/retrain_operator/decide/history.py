"""Which ended runs are one too many."""

from collections.abc import Sequence

from retrain_operator.model.policy import History
from retrain_operator.model.run import Outcome
from retrain_operator.model.world import Run


def surplus(history: History, ended: Sequence[Run], champion: str | None) -> list[Run]:
    """Runs to remove, of those that ended, the newest first. The run that made the champion always stays."""
    good = [run for run in ended if run.status.outcome is Outcome.SUCCEEDED]
    other = [run for run in ended if run.status.outcome is not Outcome.SUCCEEDED]
    return [run for run in (*good[history.successful_runs :], *other[history.failed_runs :]) if run.name != champion]
