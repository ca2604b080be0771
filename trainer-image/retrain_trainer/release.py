"""Turns a candidate into the files of a version and commits them: what people, servers and the next run read.

Where a policy asks for it, a joblib file for MLServer and KServe, which read no other, stands beside the model in the
skops format. It is a pickle: nothing here ever loads it.
"""

import io
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import joblib  # type: ignore[import-untyped]  # it has no types
import numpy as np
from pydantic import BaseModel
from sklearn.pipeline import Pipeline

from retrain_trainer.collect import collected
from retrain_trainer.contract import Evaluated, Task
from retrain_trainer.data.profile import Profile
from retrain_trainer.data.reading import read_rows
from retrain_trainer.files.workspace import Plan, Training, Workspace
from retrain_trainer.learn import pipeline
from retrain_trainer.measure.metrics import Predicted
from retrain_trainer.report.card import card
from retrain_trainer.report.gather import Found, view
from retrain_trainer.report.page import page
from retrain_trainer.store import manifest as files
from retrain_trainer.store.manifest import Golden, Manifest, Report
from retrain_trainer.store.versions import Store
from retrain_trainer.train import trained

GOLDEN_ROWS = 10
LIBRARIES = ("scikit-learn", "numpy", "scipy", "skops", "pyarrow")


@dataclass(frozen=True, slots=True)
class Candidate:
    """All that is known of a candidate when it is committed."""

    model: Pipeline
    plan: Plan
    training: Training
    profile: Profile
    report: Report
    said: Evaluated
    predicted: list[Predicted]


def commit(store: Store, task: Task, workspace: Workspace, candidate: Candidate) -> None:
    """Write the version of this run into the store."""
    name = store.next_version(task.run)
    contents: dict[str, bytes | Path] = {
        files.MODEL: workspace.candidate,
        files.HOLDOUT: workspace.holdout,
        files.PROFILE: _json(candidate.profile),
        files.METRICS: _json(candidate.report),
        files.GOLDEN: _json(golden(candidate, workspace)),
        files.CARD: card(name, task, candidate.profile, candidate.said).encode(),
    }
    if workspace.replay.exists():
        contents[files.REPLAY] = workspace.replay
    if task.model.joblib:
        contents |= {files.JOBLIB: _joblib(candidate.model), files.SETTINGS: _settings(store, name)}
    contents[files.PAGE] = page(view(_found(name, task, candidate, contents))).encode()
    store.commit(_manifest(name, task, candidate), contents)


def golden(candidate: Candidate, workspace: Workspace) -> Golden:
    """Return the first held-out rows with what the candidate says of them, for a server to prove itself by."""
    first = next(read_rows(workspace.holdout, files.HOLDOUT, candidate.profile.layout))
    rows = first.part(slice(GOLDEN_ROWS)).features()
    chances = pipeline.probabilities(candidate.model, rows)
    return Golden(
        inputs=tuple(tuple(None if np.isnan(value) else value for value in row) for row in rows.tolist()),
        predicted=tuple(candidate.model.predict(rows).tolist()),
        probabilities=None if chances is None else tuple(map(tuple, chances.tolist())),
    )


def _manifest(name: str, task: Task, candidate: Candidate) -> Manifest:
    plain = task.model_copy(update={"nonce": ""})
    return Manifest(
        version=name,
        run=task.run,
        task=files.inputs_of(task),
        parent=candidate.said.champion,
        files={},
        batches=candidate.plan.seen,
        watermark=candidate.plan.watermark,
        collected=collected(plain, candidate.plan),
        trained=trained(plain, candidate.training),
        evaluated=candidate.said.model_copy(update={"nonce": ""}),
        libraries=_libraries(),
    )


def _found(name: str, task: Task, candidate: Candidate, contents: Iterable[str]) -> Found:
    """Return what the page of a version tells of."""
    return Found(
        version=name,
        task=task,
        plan=candidate.plan,
        training=candidate.training,
        profile=candidate.profile,
        report=candidate.report,
        said=candidate.said,
        predicted=candidate.predicted,
        libraries=_libraries(),
        files=contents,
    )


def _libraries() -> dict[str, str]:
    return {"python": platform.python_version(), **{library: version(library) for library in LIBRARIES}}


def _settings(store: Store, name: str) -> bytes:
    """Return what MLServer wants to know of a model."""
    settings = {
        "name": store.name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": f"./{files.JOBLIB}", "version": name},
    }
    return json.dumps(settings, indent=1).encode()


def _joblib(model: Pipeline) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    return buffer.getvalue()


def _json(model: BaseModel) -> bytes:
    return model.model_dump_json(by_alias=True, indent=1).encode()
