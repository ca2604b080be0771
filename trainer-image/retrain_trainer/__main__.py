"""The door of the image: `python -m retrain_trainer collect | train | evaluate | serve | schema DIR`."""

import importlib
import os
import signal
import sys
from pathlib import Path

USAGE = "usage: python -m retrain_trainer collect | train | evaluate | serve | schema DIR"

ENDED = 128 + signal.SIGTERM
"""Exit code of a step that was told to end, as shells have it."""


def main(words: list[str]) -> int:
    """Do what the words ask for, importing no more than that needs."""
    match words:
        case ["collect" | "train" | "evaluate" as step]:
            # As process 1 of its container Python would not hear it, and keep the node waiting. Nothing needs tidying.
            signal.signal(signal.SIGTERM, lambda *_: os._exit(ENDED))
            return int(importlib.import_module("retrain_trainer.steps").run(step))
        case ["serve"]:
            return int(importlib.import_module("retrain_trainer.serve.server").serve())
        case ["schema", folder]:
            importlib.import_module("retrain_trainer.contract.schema").write_schemas(Path(folder))
            return 0
        case _:
            print(USAGE, file=sys.stderr)  # noqa: T201 - a command speaks to its terminal
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
