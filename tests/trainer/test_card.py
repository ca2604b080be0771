"""The model card says in Markdown what a version is, and stays Markdown whatever its columns are called."""

import numpy as np

from retrain_trainer.report.card import card
from tests.trainer.pages import Made, found_of, said_of

CLASSES = np.array(["down", "up"])


def test_it_says_what_the_version_is() -> None:
    found = found_of([said_of(300, CLASSES)])
    assert card(found.version, found.task, found.profile, found.said).splitlines() == [
        "# v000002-7c9x2",
        "",
        "SGDClassifier that predicts `label` from 3 columns, made by run churn-7c9x2 (Incremental).",
        "",
        "- Data: 600 new rows from file:///data/batches/*.parquet",
        "- Champion at the time: file:///models/churn/v000001-first",
        "- Holdout: 300 rows in 3 blocks, never trained on",
        "- Parameters: `alpha` `0.001`",
        "",
        "| metric | this version | champion | improvement | lower bound |",
        "|---|---|---|---|---|",
        "| accuracy | 0.8 | 0.75 | 0.05 | 0.01 |",
        "",
        "The lower bound is one-sided, with 0.95 confidence. Whether the version went into service was for the "
        "policy's gates to decide: report.html shows what they say, and all of this in charts. All numbers are in "
        "metrics.json, all digests in manifest.json.",
        "",
        "Columns: `column0`, `column1`, `column2`",
    ]


def test_a_hostile_name_stays_within_its_quotes() -> None:
    found = found_of([said_of(300, CLASSES)], Made(features=1, name="{}`\n# <b>"))
    last = card(found.version, found.task, found.profile, found.said).splitlines()[-1]
    assert last == "Columns: `column0'\ufffd# <b>`"
