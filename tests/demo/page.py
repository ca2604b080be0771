"""The demo as one page that needs nothing else: the picture, what was promised and kept, and a table of runs."""

from html import escape

from tests.demo.picture import MARKS, kind
from tests.demo.story import Diary, RunTold, beats
from tests.demo.stream import Stream

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff }
body { max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
svg { width: 100%; height: auto }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ddd }
td:nth-child(2) { white-space: nowrap } code { font-size: .85em }
.caveat { border-left: .3rem solid #E69F00; padding: .3rem .9rem; background: #fff8e8 }
.mark { display: inline-block; width: .7rem; height: .7rem; margin-right: .4rem; border-radius: 2px }
li.absent { color: #b00020 }
"""
COLUMNS = ("Week", "Run", "Why it started", "How it ended", "Took")


def page(diary: Diary, stream: Stream, figure: str) -> str:
    """The page as HTML. `figure` is an SVG element."""
    title = f"{stream.name}: a model kept fresh by a RetrainPolicy"
    kept = "".join(_beat(beat.promise, beat.proof) for beat in beats(diary))
    rows = "".join(_row(run) for run in diary.runs)
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>{escape(stream.about)}. Replayed against real Kubernetes: a Deployment of two replicas, Prometheus, and
retrain-operator. Labels and batches arrive a week late. The stream stands still while a run trains.</p>
<p class="caveat">{escape(stream.caveat)}</p>
{figure}
<h2>What was promised</h2><ul>{kept}</ul>
<h2>The runs</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
</body></html>
"""


def _beat(promise: str, proof: str) -> str:
    if not proof:
        return f'<li class="absent"><b>It did not come:</b> {escape(promise)}</li>'
    return f"<li>{escape(promise)}<br><small>{escape(proof)}</small></li>"


def _row(run: RunTold) -> str:
    colour = MARKS[kind(run)][0]
    mark = f'<span class="mark" style="background:{colour}"></span>'
    ended = f"{mark}<b>{escape(run.outcome)}</b><br>{escape(run.message)}"
    if run.block:
        ended += f"<br>Blocked at first: {escape(run.block.message)}"
    cells = (str(run.week), f"<code>{escape(run.name)}</code>", escape(run.cause), ended, f"{run.seconds:.0f} s")
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
