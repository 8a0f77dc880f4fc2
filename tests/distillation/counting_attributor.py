"""An attributor that counts its texts, and enough texts for several shards."""

from __future__ import annotations

from tiny_teachers import TEXTS

from dixtill.distillation.attribution.attributor import Attributor
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.config import AttributionSettings
from dixtill.distillation.teacher.teacher import Teacher

# In float32 on every CPU, also in processes that the fixtures do not reach.
SETTINGS = AttributionSettings(steps=3, precision="float32")
MANY_TEXTS = [f"{text} {number}" for text in TEXTS for number in range(4)]
TEXTS_PER_SHARD = 4


class CountingAttributor(Attributor):
    """Counts the texts that it was asked to explain."""

    def __init__(
        self, teacher: Teacher, settings: AttributionSettings = SETTINGS, given=None
    ) -> None:
        super().__init__(teacher, settings, rows_per_pass=60, given=given)
        self.explained: list[str] = []

    def __call__(self, texts):
        self.explained += texts
        return super().__call__(texts)


def contents(store: AttributionStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.iterdir()}
