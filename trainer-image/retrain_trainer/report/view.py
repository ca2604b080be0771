"""What stands on the page, as values: already counted and binned, so that drawing them costs the same for all data.

Of two models the candidate comes first. Words in here come from data and may hold anything.
"""

from dataclasses import dataclass

from retrain_trainer.contract import Goal, Reference, Score


@dataclass(frozen=True, slots=True)
class Head:
    """Which version of which model this is, where its data comes from, and whether the run was only `tried`."""

    model: str
    version: str
    run: str
    estimator: str
    mode: str
    label: str
    kind: str
    champion: str | None
    source: str
    data_end: str | None
    digests: tuple[tuple[str, str], ...]
    tried: bool


@dataclass(frozen=True, slots=True)
class GateView:
    """One thing that the gates ask for, what was seen, and whether that is enough."""

    asked: str
    seen: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the gates say: the ground in one word, why in a sentence, and each of them alone."""

    promote: bool
    ground: str
    message: str
    gates: tuple[GateView, ...]


@dataclass(frozen=True, slots=True)
class HoldoutView:
    """The rows that both models were scored on: how many, in how many blocks, and from when to when."""

    rows: int
    blocks: str
    span: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric on the held-out rows; `gated` when a gate asks for it."""

    score: Score
    goal: Goal
    gated: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some neighbouring blocks of the holdout, and the metric of each model on their rows."""

    begins: str
    rows: int
    candidate: float
    champion: float | None


@dataclass(frozen=True, slots=True)
class Stretches:
    """The holdout from its first to its last block, in at most as many stretches as can be told apart."""

    metric: str
    goal: Goal
    block: str
    blocks: int
    entries: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each class (row) was called what (column); with `others` the last label stands for all others."""

    labels: tuple[str, ...]
    classes: int
    others: bool
    candidate: tuple[tuple[int, ...], ...]
    champion: tuple[tuple[int, ...], ...] | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose probability lies between two edges: how many, how probable on average, and how often it came true."""

    rows: int
    said: float
    true: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of one model: its ten bins, and the expected calibration error, the mean distance of said and true."""

    bins: tuple[Bin, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities hold what they say: those of `of`, a class, or (None) of whatever class was said."""

    of: str | None
    candidate: Reliability
    champion: Reliability | None


@dataclass(frozen=True, slots=True)
class Tenth:
    """The rows of one tenth of the true values."""

    rows: int
    true: float
    said: float
    candidate: float
    champion: float | None


@dataclass(frozen=True, slots=True)
class Residuals:
    """Predicted minus true of a regressor, counted between equally wide edges; the outermost hold what lies beyond.

    `grid` counts the candidate's rows by true value (inner) and predicted value (outer) from `low` to `high`, `tenths`
    gives the RMSE by the size of the true value.
    """

    low: float
    high: float
    candidate: tuple[int, ...]
    champion: tuple[int, ...] | None
    grid_low: float
    grid_high: float
    grid: tuple[tuple[int, ...], ...]
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch, or some neighbouring ones: rows learned before and now, rows put back, rows held out, and trouble.

    `first` and `last` say when its new rows are, and are empty where nothing does.
    """

    name: str
    first: str
    last: str
    before: int
    learned: int
    put_back: int
    held: int
    trouble: str


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What training on one batch did to the error on guard rows."""

    name: str
    rows: int
    before: float | None
    after: float | None
    kept: bool


@dataclass(frozen=True, slots=True)
class FeatureView:
    """One column: how far its new data is from the champion's (None without one), and what it looks like."""

    name: str
    psi: float | None
    nulls: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SliceView:
    """The first metric on some of the held-out rows; `large` when they are enough to be judged."""

    name: str
    rows: int
    candidate: float
    champion: float | None
    gain: float | None
    large: bool


@dataclass(frozen=True, slots=True)
class SlicesView:
    """All slices, the one where the candidate falls back most first, and how far behind one may be."""

    metric: str
    tolerance: float
    entries: tuple[SliceView, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that the page tells. `earlier` says why rows of batches may be behind the version, but not of this run."""

    head: Head
    message: str
    confidence: float
    judgement: Judgement
    holdout: HoldoutView | None
    scores: tuple[Measured, ...]
    reference: Reference | None
    stretches: Stretches | None
    confusion: Confusion | None
    calibration: Calibration | None
    residuals: Residuals | None
    batches: tuple[BatchView, ...]
    earlier: str
    updates: tuple[UpdateView, ...]
    features: tuple[FeatureView, ...]
    slices: SlicesView | None
    parameters: tuple[tuple[str, str], ...]
    libraries: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
