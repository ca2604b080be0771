"""Turns what was measured into the page: HTML that needs no other file, no script and no network.

Whatever data holds, it is escaped: by Jinja2 in words, by ElementTree in charts.
"""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from retrain_trainer.report import told, wording
from retrain_trainer.report.charts import batches, calibration, features, residuals, scores, slices, stretches, updates
from retrain_trainer.report.classes import rates
from retrain_trainer.report.notes import notes
from retrain_trainer.report.view import View

FEATURES, NAMES, TROUBLES = 30, 120, 8
"""How many of each are shown at most; how many more there are is said."""
ENVIRONMENT = Environment(
    loader=PackageLoader("retrain_trainer.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    optimized=False,  # a process renders one page: to optimize templates takes longer than they then save
)
ENVIRONMENT.filters |= {
    "number": wording.number,
    "change": wording.change,
    "percent": wording.percent,
    "share": wording.share,
    "count": wording.count,
}


def page(view: View) -> str:
    """Return the page; the same view always gives the same one."""
    template = ENVIRONMENT.get_template("page.html.jinja")
    return template.render(
        view=view,
        first=next((each for each in view.scores if each.gated), view.scores[0] if view.scores else None),
        notes=notes(view),
        charts=_charts(view),
        told=_told(view),
        groups=batches.grouped(view.batches),
        chosen=updates.chosen(view.updates),
        troubles=[each for each in view.batches if each.trouble],
        psi_bar=features.bar,
        slice_bar=slices.bar,
        sureness=scores.sureness,
        gain=stretches.gain,
        size=features.size,
        span=wording.span,
        rates=rates,
        most={"features": FEATURES, "names": NAMES, "troubles": TROUBLES},
    )


def _told(view: View) -> dict[str, str]:
    said = {
        "scores": told.of_scores(view.scores, view.confidence),
        "batches": told.of_batches(view.batches, view.head.data_end),
        "features": told.of_features(view.features, champion=view.head.champion is not None),
        "updates": told.of_updates(view.updates),
    }
    if view.stretches is not None:
        said["stretches"] = told.of_stretches(view.stretches)
    if view.confusion is not None:
        said["confusion"] = told.of_confusion(view.confusion)
    if view.calibration is not None:
        said["calibration"] = told.of_calibration(view.calibration)
    if view.residuals is not None:
        said["residuals"] = told.of_residuals(view.residuals)
    return said


def _charts(view: View) -> dict[str, Any]:
    said = _told(view)
    drawn: dict[str, Any] = {
        "scores": scores.charts(view.scores, view.confidence),
        "batches": batches.chart(view.batches, said["batches"]),
        "updates": updates.chart(view.updates, said["updates"]),
    }
    if view.stretches is not None:
        drawn["stretches"] = stretches.chart(view.stretches, said["stretches"])
    if view.calibration is not None:
        drawn["calibration"] = calibration.chart(view.calibration, said["calibration"])
    if view.residuals is not None:
        drawn["residuals"] = residuals.histogram(view.residuals, said["residuals"])
        drawn["grid"] = residuals.grid(view.residuals, said["residuals"])
    return drawn
