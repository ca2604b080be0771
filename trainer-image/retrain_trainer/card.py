"""The model card of a version: one page of Markdown for people who find the folder and ask what it is."""

from retrain_trainer.contract import Evaluated, Score, Task
from retrain_trainer.profile import Profile


def card(version: str, task: Task, profile: Profile, said: Evaluated) -> str:
    """Return the page."""
    layout = profile.layout
    parent = said.champion.uri if said.champion else "none, this is a first version"
    lines = [
        f"# {version}",
        "",
        f"{task.model.estimator} that predicts `{layout.label}` from {len(layout.features)} columns, "
        f"made by run {task.run} ({task.model.mode}).",
        "",
        f"- Data: {profile.rows:,} new rows from {task.data.source}",
        f"- Champion at the time: {parent}",
        *_held(said),
        f"- Parameters: {task.model.parameters or 'the defaults of scikit-learn'}",
        "",
        "| metric | this version | champion | improvement | lower bound |",
        "|---|---|---|---|---|",
        *(_row(score) for score in said.scores),
        "",
        f"The lower bound is one-sided, with {task.evaluation.confidence:.0%} confidence. Whether the version went "
        "into service was for the policy's gates to decide. All numbers are in metrics.json, all digests in "
        "manifest.json.",
        "",
        f"Columns: {', '.join(f'`{name}`' for name in layout.features)}",
        "",
    ]
    return "\n".join(lines)


def _held(said: Evaluated) -> list[str]:
    if said.holdout is None:
        return []
    span = "" if said.holdout.start is None else f" from {said.holdout.start} to {said.holdout.end}"
    return [f"- Holdout: {said.holdout.rows:,} rows in {said.holdout.blocks} blocks{span}, never trained on"]


def _row(score: Score) -> str:
    cells = (score.candidate, score.champion, score.improvement, score.lower_bound)
    return f"| {score.metric} | {' | '.join('' if cell is None else f'{cell:.4g}' for cell in cells)} |"
