"""What scikit-learn objects to while a model learns or predicts, such as one class alone, told in one sentence.

It judges rows and parameters only when it meets them, and its words are long and quote values; what people need is the
cause.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrain_trainer.telling.faults import StepError

LONGEST = 200
NO_SUCH_CODE = "a column has a code larger than those it knows (parameters.min_categories says how many there are)"
"""What it means that the tables of CategoricalNB, which have a place for each code, are too small."""


@contextmanager
def told(estimator: str, task: str = "learn from") -> Iterator[None]:
    """Turn what scikit-learn raises over rows or parameters into StepError; other errors pass.

    Of rows its words up to the first colon or end of a line are told: they name the cause, and values come after it.
    """
    try:
        yield
    except (ValueError, IndexError, AttributeError, NotImplementedError) as error:
        if type(error).__name__ == "InvalidParameterError":
            raise StepError(f"model.parameters: {error}") from error
        if not any("sklearn" in Path(frame.filename).parts for frame in traceback.extract_tb(error.__traceback__)):
            raise
        if isinstance(error, AttributeError | NotImplementedError):
            # What a parameter takes away from an estimator, it says in the cause.
            cause = str(error.__cause__ or error)[:LONGEST].rstrip(".")
            raise StepError(f"{estimator} cannot {task} rows with these model.parameters: {cause}.") from error
        cause = re.split(r":\s|\n|\.\s", str(error), maxsplit=1)[0].rstrip(".")
        if isinstance(error, IndexError) and estimator == "CategoricalNB":
            cause = NO_SUCH_CODE
        raise StepError(f"{estimator} cannot {task} these rows: {cause[:LONGEST]}.") from error
