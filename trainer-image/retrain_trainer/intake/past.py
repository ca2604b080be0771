"""What a champion leaves behind: how its data looked, and which batches it was trained on."""

from dataclasses import dataclass

from retrain_trainer.data.profile import Profile
from retrain_trainer.files.batches import Batch, Key, Seen
from retrain_trainer.store.manifest import PROFILE
from retrain_trainer.store.versions import Version


@dataclass(frozen=True, slots=True)
class Past:
    """What the champion leaves behind: the profile of its data, and the batches it was trained on, by digest."""

    champion: Version | None
    profile: Profile | None
    seen: dict[str, Seen]

    @classmethod
    def of(cls, champion: Version | None) -> "Past":
        """Read the past of a champion; without one there is none."""
        if champion is None:
            return cls(None, None, {})
        profile = Profile.model_validate_json(champion.read(PROFILE))
        return cls(champion, profile, {batch.digest: batch for batch in champion.manifest.batches})

    def done(self, batch: Batch) -> bool:
        """Whether the champion was trained on all of a batch."""
        return batch.digest in self.seen and self.seen[batch.digest].until is None

    def start(self, batch: Batch) -> Key | None:
        """Return the key from which on a batch is new; None where all of it is."""
        return self.seen[batch.digest].until if batch.digest in self.seen else None
