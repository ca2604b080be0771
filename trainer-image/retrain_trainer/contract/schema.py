"""Prints the contract as JSON Schemas, for people who bring a trainer in another language."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from retrain_trainer.contract import AnyAnswer, Task


def schemas() -> dict[str, str]:
    """Return the text of each file by its name."""
    made: dict[str, TypeAdapter[Any]] = {
        "task.schema.json": TypeAdapter(Task),
        "answer.schema.json": TypeAdapter(AnyAnswer),
    }
    return {
        name: json.dumps(adapter.json_schema(by_alias=True, mode="validation"), indent=2, ensure_ascii=False) + "\n"
        for name, adapter in made.items()
    }


def write_schemas(folder: Path) -> None:
    """Write the schemas into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
