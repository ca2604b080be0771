"""A store that someone has tampered with."""

import json
from collections.abc import Callable
from typing import Any

from retrain_trainer.contract import Fault
from retrain_trainer.files.batches import file_digest
from tests.trainer.world import World


class Tampering:
    """A store whose champion someone has changed, manifest and all, so that every digest is right again."""

    def __init__(self, world: World) -> None:
        world.begin(6)
        world.add(6, 7, 8)
        self.world, self.folder = world, world.store / "v000001-first"
        world.champion = {"uri": f"file://{self.folder}"}

    def forge(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
        self.say(lambda manifest: manifest["files"].update({name: file_digest(self.folder / name)}))

    def say(self, edit: Callable[[dict[str, Any]], object]) -> None:
        manifest = json.loads((self.folder / "manifest.json").read_text())
        edit(manifest)
        (self.folder / "manifest.json").write_text(json.dumps(manifest))

    def fault(self) -> str:
        """Run the next run, and return the fault that it ends with."""
        run = self.world.run("second")
        assert [path.name for path in self.world.store.glob("v*")] == ["v000001-first"]
        return next(
            answer.message for answer in (run.collected, run.trained, run.evaluated) if isinstance(answer, Fault)
        )
