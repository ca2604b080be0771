"""The model card of a version: one page of Markdown for people who find the folder and ask what it is."""

from retrain_trainer.contract import Evaluated, Score, Task
from retrain_trainer.data.profile import Profile
from retrain_trainer.report.wording import value, word
from retrain_trainer.store.manifest import PAGE

APOSTROPHE = "'"
"""Stands for a backtick, which would end what it quotes."""


def card(version: str, task: Task, profile: Profile, said: Evaluated) -> str:
    """Return the page."""
    layout = profile.layout
    parent = said.champion.uri if said.champion else "none, this is a first version"
    lines = [
        f"# {version}",
        "",
        f"{task.model.estimator} that predicts {_name(layout.label)} from {len(layout.inputs)} columns, "
        f"made by run {task.run} ({task.model.mode}).",
        "",
        f"- Data: {profile.rows:,} new rows from {task.data.source}",
        f"- Champion at the time: {parent}",
        *_held(said),
        f"- Parameters: {_parameters(task) or 'the defaults of scikit-learn'}",
        "",
        "| metric | this version | champion | improvement | lower bound |",
        "|---|---|---|---|---|",
        *(_row(score) for score in said.scores),
        "",
        f"The lower bound is one-sided, with {task.evaluation.confidence:.4g} confidence. Whether the version went "
        f"into service was for the policy's gates to decide: {PAGE} shows what they say, and all of this in charts. "
        "All numbers are in metrics.json, all digests in manifest.json.",
        "",
        f"Columns: {', '.join(map(_name, (*layout.numbers, *(words.told() for words in layout.categories))))}",
        "",
    ]
    return "\n".join(lines)


def _name(name: str) -> str:
    """Quote a word from data so that it stays one, whatever it holds."""
    return f"`{word(name, 128).replace('`', APOSTROPHE)}`"


def _parameters(task: Task) -> str:
    return ", ".join(f"{_name(name)} {_name(value(entry))}" for name, entry in sorted(task.model.parameters.items()))


def _held(said: Evaluated) -> list[str]:
    if said.holdout is None:
        return []
    span = "" if said.holdout.start is None else f" from {said.holdout.start} to {said.holdout.end}"
    return [f"- Holdout: {said.holdout.rows:,} rows in {said.holdout.blocks} blocks{span}, never trained on"]


def _row(score: Score) -> str:
    cells = (score.candidate, score.champion, score.improvement, score.lower_bound)
    return f"| {score.metric} | {' | '.join('' if cell is None else f'{cell:.4g}' for cell in cells)} |"
