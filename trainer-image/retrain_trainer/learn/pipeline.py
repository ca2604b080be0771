"""A model as scikit-learn knows it: what prepares the features, then the estimator, trained whole or batch by batch.

Missing values and scales are learned while warming up and then stand still, since moving them later would change what
the weights of the estimator mean. Models are kept in the skops format; nothing here ever reads a pickle.
"""

import difflib
import importlib
import zipfile
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import sklearn
import skops.io
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from retrain_trainer.contract import Model
from retrain_trainer.data.rows import Floats, Labels, Rows, small
from retrain_trainer.learn import objections
from retrain_trainer.learn.estimators import Kind, place_of
from retrain_trainer.store.manifest import MODEL
from retrain_trainer.store.versions import Version
from retrain_trainer.telling.faults import StepError

WARM_UP_ROWS = 10_000
"""After as many rows of the first training the scaler stands still."""

PREPARED_VALUES, PREPARED_ROWS = 1 << 17, 512
"""Prepared together: 1 MiB of them, and rows at least. To part a wide table further takes longer than to scale it."""

SCHEMA = "schema.json"
"""The part of a skops file that says how the others make up the model."""
LARGEST_SCHEMA = 32 << 20
END, LARGEST_DIRECTORY = 22, 8 << 20
"""Bytes of the end of a zip, which says how large its directory is, and of the directory."""

REVIEWED = frozenset(
    {
        # Types that skops does not trust by itself, each read for what its construction can do: hold numbers.
        "numpy.dtype",
        "sklearn._loss.link.Interval",
        "sklearn._loss.loss.HalfGammaLoss",
        "sklearn._loss.loss.HalfPoissonLoss",
        "sklearn._loss.loss.HalfTweedieLoss",
        "sklearn._loss.loss.HalfTweedieLossIdentity",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
    }
)


def build(model: Model) -> Pipeline:
    """Return an untrained pipeline for the task's estimator; StepError when it does not take the parameters."""
    module, _ = place_of(model.estimator)
    kind = getattr(importlib.import_module(module), model.estimator)
    try:
        estimator = kind(**model.parameters)
    except TypeError:
        raise StepError(_no_such_parameter(model, sorted(kind().get_params()))) from None
    if "random_state" in estimator.get_params() and "random_state" not in model.parameters:
        estimator.set_params(random_state=0)
    try:
        tags = get_tags(estimator).input_tags
    except AttributeError:
        # Tags are asked of what a parameter holds as well. That it may not hold this, fit alone says, and first of all.
        with objections.told(model.estimator):
            estimator.fit(np.zeros((2, 1)), np.arange(2))
        raise
    steps: list[tuple[str, Any]] = []
    if not tags.allow_nan:
        steps.append(("fill", SimpleImputer(keep_empty_features=True)))
    if not (tags.positive_only or tags.categorical):
        steps.append(("scale", StandardScaler()))
    return Pipeline([*steps, ("estimator", estimator)])


def _no_such_parameter(model: Model, known: list[str]) -> str:
    unknown = sorted(set(model.parameters) - set(known))
    near = [name for each in unknown for name in difflib.get_close_matches(each, known, n=1)]
    hint = f"Did you mean {' and '.join(near)}? " if near else ""
    return f"{model.estimator} has no parameter {', '.join(unknown)}. {hint}It has {', '.join(known)}."


def update(pipeline: Pipeline, rows: Rows, classes: Labels | None, *, warm: bool) -> None:
    """Learn from one more chunk of rows. While not `warm`, the steps before the estimator learn too."""
    for place, (name, step) in enumerate(pipeline.steps[:-1]):
        if name == "fill" and not hasattr(step, "statistics_"):
            step.fit(rows.features())
        elif name == "scale" and not (warm and hasattr(step, "scale_")):
            step.partial_fit(_through(pipeline.steps[:place], rows.features()))
    made, labels = prepared(pipeline, rows), small(rows.labels)
    known = {} if classes is None else {"classes": classes}
    with looked_at(finite=made.finite and _finite(labels)):
        pipeline[-1].partial_fit(made.features, labels, **known)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows as an estimator takes them, and whether all of their values are finite."""

    features: Floats
    finite: bool


def prepared(pipeline: Pipeline, rows: Rows) -> Prepared:
    """Return rows as the estimator of the pipeline takes them, to the bit what its steps make of them.

    It goes through all steps with some rows at a time, which stay in the cache of one core meanwhile.
    """
    steps = pipeline.steps[:-1]
    # An imputer changes nothing where nothing is missing, which shows in what comes of it.
    others = [step for step in steps if not isinstance(step[1], SimpleImputer)]
    made, finite = np.empty((len(rows.labels), len(rows.columns))), True
    size = max(PREPARED_VALUES // len(rows.columns), PREPARED_ROWS)
    for number, part in enumerate(rows.pieces(size)):
        done = _through(others, part.features())
        if not _finite(done) and len(others) < len(steps):
            done = _through(steps, part.features())
        finite = finite and _finite(done)
        made[number * size : (number + 1) * size] = done
    return Prepared(made, finite)


def looked_at(*, finite: bool) -> AbstractContextManager[None]:
    """Let scikit-learn take numbers for finite that are; of others it says so itself. It would look several times."""
    return sklearn.config_context(assume_finite=finite)  # type: ignore[no-any-return]


def _through(steps: list[tuple[str, Any]], features: Floats) -> Floats:
    """Make of rows what steps make of them, in place. A scaler's own way looks at them, and copies them, often."""
    for _, step in steps:
        match step:
            case StandardScaler(mean_=mean, scale_=scale) if mean is not None and scale is not None:
                features -= mean
                features /= scale
            case _:
                features = np.asarray(step.transform(features))
    return features


def _finite(values: NDArray[Any]) -> bool:
    """Whether all values are finite, also as float32, which some estimators make of them."""
    if values.dtype.kind != "f" or not values.size:
        return True
    most = np.finfo(np.float32).max
    return bool(-most < values.min() and values.max() < most)


def trained(pipeline: Pipeline) -> bool:
    """Whether the pipeline has learned anything yet."""
    return hasattr(pipeline[-1], "n_features_in_")


def classes_of(pipeline: Pipeline) -> NDArray[Any] | None:
    """Return the classes that a classifier tells apart, None for a regressor."""
    return getattr(pipeline[-1], "classes_", None)


def probabilities(model: Any, features: Floats) -> Floats | None:
    """Return a column of probabilities for each class, None when a pipeline, or its estimator, has none."""
    if not hasattr(model, "predict_proba"):
        return None
    return np.asarray(model.predict_proba(features), dtype=np.float64)


def dump(pipeline: Any) -> bytes:
    """Return a model in the skops format."""
    content: bytes = skops.io.dumps(pipeline)
    return content


def load(content: bytes, origin: str, version: str) -> Any:
    """Rebuild a model that scikit-learn `version` wrote; StepError for another minor version or an unknown type."""
    if version.split(".")[:2] != sklearn.__version__.split(".")[:2]:
        raise StepError(
            f"{origin} was made with scikit-learn {version}, and this image has {sklearn.__version__}: only the same "
            "minor version reads it right. Use the image that made it, or begin a new store."
        )
    try:
        _require_unpacked(content, origin)
        unknown = set(skops.io.get_untrusted_types(data=content)) - REVIEWED
        if not unknown:
            return skops.io.loads(content, trusted=sorted(REVIEWED))
    except StepError:
        raise
    except MemoryError:
        advice = "raise the memory limit of this step, if it is the model it should be"
        raise StepError(f"{origin} does not fit into memory: {advice}.") from None
    except Exception as error:  # whatever a file that is none of its own makes skops do
        raise StepError(f"{origin} is no model in the skops format ({type(error).__name__}).") from error
    raise StepError(f"{origin} holds types that are not allowed in a model: {', '.join(sorted(unknown))[:200]}.")


def load_model(version: Version) -> Pipeline:
    """Load the model of a version, its digest checked before anything is parsed."""
    model = load(version.read(MODEL), version.ref.uri, version.manifest.libraries.get("scikit-learn", "?"))
    if not isinstance(model, Pipeline):
        raise StepError(f"{version.ref.uri} holds no pipeline but an object of type {type(model).__name__}.")
    return model


def kind_of(pipeline: Pipeline) -> Kind:
    """Whether a pipeline predicts classes or numbers."""
    return Kind.REGRESSOR if classes_of(pipeline) is None else Kind.CLASSIFIER


def _require_unpacked(content: bytes, origin: str) -> None:
    """Refuse a zip that would grow when it is read. skops packs nothing, so its files are as large as what they hold.

    The directory at the end is measured before it is parsed: an entry of 46 bytes becomes an object of ten times that.
    """
    end = content[-END:]
    directory = int.from_bytes(end[12:16], "little")
    if end[:4] != b"PK\5\6" or content[-END - 20 : -END].startswith(b"PK\6\7") or directory > LARGEST_DIRECTORY:
        raise StepError(f"{origin} is no model in the skops format (not a plain zip of fewer than 65,535 files).")
    with zipfile.ZipFile(BytesIO(content)) as file:
        entries = file.infolist()
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    schema = max((entry.file_size for entry in entries if entry.filename == SCHEMA), default=0)
    if packed or sum(entry.file_size for entry in entries) > len(content) or schema > LARGEST_SCHEMA:
        raise StepError(f"{origin} would grow when it is read: its parts are packed, overlap, or are too many.")
