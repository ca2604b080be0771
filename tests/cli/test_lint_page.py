"""docs/lint.md shows what lint says."""

import re
from pathlib import Path

import pytest

from tests.cli.linted import called, write

PAGE = (Path(__file__).parents[2] / "docs" / "lint.md").read_text()
MENDED = {
    "by (model) by (feature)": "by (model)",
    "Europe/Berln": "Europe/Berlin",
    "afterSucess": "afterSuccess",
    '"/data': '"file:///data',
}


def test_the_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (text,) = re.findall(r"<!-- file churn\.yaml -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    first, second = re.findall(r"```console\n\$ kubectl retrain lint -f churn\.yaml\n(.*?)```", PAGE, re.DOTALL)
    write("churn.yaml", text)
    assert called("-f", "churn.yaml") == (1, first)
    for wrong, right in MENDED.items():
        assert text.count(wrong) == 1
        text = text.replace(wrong, right)
    write("churn.yaml", text)
    assert called("-f", "churn.yaml") == (1, second)
