"""A version in service: loaded, proved by its golden rows, and watched by counters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from retrain_trainer.data.profile import Profile
from retrain_trainer.data.rows import Floats
from retrain_trainer.learn import pipeline
from retrain_trainer.serve import inference, together
from retrain_trainer.serve.feedback import feedback_of
from retrain_trainer.serve.waiting import Waiting
from retrain_trainer.serve.watch import Watch
from retrain_trainer.store.manifest import GOLDEN, PROFILE, Golden
from retrain_trainer.store.versions import Version, open_version
from retrain_trainer.telling.faults import InputError, StepError

if TYPE_CHECKING:
    from retrain_trainer.serve.server import Settings

TOLERANCE = 1e-6
DIGEST = re.compile("sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Question:
    """What one request wants to know."""

    features: Floats
    outputs: list[str]


class Served:
    """One version that answers."""

    def __init__(self, name: str, version: Version, window: int) -> None:
        self.name = name
        self.version = version.name
        self.profile = Profile.model_validate_json(version.read(PROFILE))
        self.model: Pipeline = pipeline.load_model(version)
        self.classes = pipeline.classes_of(self.model)
        prove(self.model, Golden.model_validate_json(version.read(GOLDEN)))
        self.watch = Watch(name, version.ref, self.profile, window)
        self.waiting: Waiting[Question, dict[str, np.ndarray]] = Waiting(self._answer)

    def metadata(self) -> dict[str, Any]:
        """Describe the model in the words of the protocol."""
        layout, width = self.profile.layout, len(self.profile.features)
        datatype = inference.datatype_of(self.model.predict(np.zeros((1, width))))
        outputs = [{"name": "predict", "datatype": datatype, "shape": [-1]}]
        if self.classes is not None and hasattr(self.model, "predict_proba"):
            outputs.append({"name": "predict_proba", "datatype": "FP64", "shape": [-1, len(self.classes)]})
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": "sklearn",
            "inputs": inference.inputs_of(layout),
            "outputs": outputs,
            "parameters": {"columns": list(layout.features)},
        }

    async def infer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer an inference request; InputError says what is wrong with it.

        The answer is to the bit what the model says of these rows alone, whoever else asks at the same moment.
        """
        features = inference.features_of(body, self.profile.layout)
        outputs = inference.outputs_of(body)
        if "predict_proba" in outputs and not hasattr(self.model, "predict_proba"):
            raise InputError(f"{type(self.model[-1]).__name__} gives no probabilities.")
        said = await self.waiting.ask(Question(features, outputs))
        tensors = [inference.tensor(name, said[name]) for name in outputs]
        answer = {"model_name": self.name, "model_version": self.version, "outputs": tensors}
        return {**answer, "id": body["id"]} if "id" in body else answer

    def feedback(self, body: dict[str, Any], now: float) -> int:
        """Count predictions against what was true, and return how many there were; InputError when some cannot be."""
        known = None if self.classes is None else self.classes.tolist()
        feedback = feedback_of(body, self.version, known)
        if known is None:
            self.watch.erred(feedback.version, feedback.errors, now)
        else:
            self.watch.judged(feedback.version, len(feedback.actual), feedback.correct, now)
        return len(feedback.actual)

    def exposition(self) -> bytes:
        """Return all counters in the text format of Prometheus."""
        return self.watch.exposition()

    def _answer(self, questions: Sequence[Question]) -> list[dict[str, np.ndarray]]:
        """Return the outputs of each question by name, `predict` always among them, and count what was predicted."""
        rows = np.concatenate([question.features for question in questions])
        prepared = together.split(self._prepared(rows), [question.features for question in questions])
        predicted = together.say(self.model[-1], "predict", prepared)
        answers = [{"predict": values} for values in predicted]
        likely = [place for place, question in enumerate(questions) if "predict_proba" in question.outputs]
        chances = together.say(self.model[-1], "predict_proba", [prepared[place] for place in likely])
        for place, values in zip(likely, chances, strict=True):
            answers[place]["predict_proba"] = values
        self.watch.predicted(rows, self._places(np.concatenate(predicted)))
        return answers

    def _prepared(self, rows: Floats) -> Floats:
        """Return rows as the estimator takes them. What comes before it treats each number by itself."""
        for _, step in self.model.steps[:-1]:
            # Where nothing is missing an imputer changes nothing; yet it takes half the time of a whole prediction.
            if not isinstance(step, SimpleImputer) or np.isnan(rows).any():
                rows = step.transform(rows)
        return rows

    def _places(self, predicted: np.ndarray) -> np.ndarray:
        """Return predictions as numbers: classes by their place."""
        places = predicted if self.classes is None else np.searchsorted(self.classes, predicted)
        return np.asarray(places, np.float64)


def load(settings: "Settings") -> Served:
    """Load the version that the settings name; StepError says what is wrong with it."""
    if settings.digest is not None and not DIGEST.fullmatch(settings.digest):
        raise StepError("MODEL_DIGEST is no digest: sha256: and 64 digits in hex.")
    return Served(settings.name, open_version(settings.uri, settings.digest), settings.window)


def prove(model: Pipeline, golden: Golden) -> None:
    """Raise StepError when the model does not say of the golden rows what it said when it was made."""
    rows = np.array(golden.inputs, dtype=np.float64)
    for number, (now, then) in enumerate(zip(model.predict(rows).tolist(), golden.predicted, strict=True)):
        same = abs(now - then) <= TOLERANCE * max(1.0, abs(then)) if isinstance(then, float) else now == then
        if not same:
            raise StepError(f"This is not the model it was: golden row {number} gives {now}, when it was made {then}.")
    if golden.probabilities is not None:
        chances = pipeline.probabilities(model, rows)
        if chances is None or not np.allclose(chances, golden.probabilities, rtol=0, atol=TOLERANCE):
            raise StepError("This is not the model it was: probabilities of the golden rows differ.")
