"""Makes the golden cases of familiarity: what a student knows, and texts with their familiarity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from split_mix import FloatArray, SplitMix64

from dixtill.runtime.model_file.familiarity import (
    MAX_EVIDENCE_PIECES,
    NUM_QUANTILES,
    NUM_WORD_BYTES,
    num_evidence_pieces,
)
from dixtill.specification.familiarity import Familiarity

_NUM_TEXTS, _MAX_PIECES = 60, 9  # of a text


@dataclass(frozen=True)
class FamiliarTexts:
    """What a student knows, texts and the answers. Piece 0 is the unknown one."""

    name: str
    familiarity: Familiarity
    is_continuation: npt.NDArray[np.bool_]  # [V]
    piece_ids: npt.NDArray[np.int32]  # [P]
    offsets: npt.NDArray[np.int64]  # [B + 1]
    expected: FloatArray  # [B]


def familiar_texts() -> Iterator[FamiliarTexts]:
    """Make every case; in the second one, the last pieces share their evidence."""
    sizes = {"few pieces": 13, "more pieces than evidence": MAX_EVIDENCE_PIECES + 999}
    for seed, (name, num_pieces) in enumerate(sizes.items()):
        random = SplitMix64(2000 + seed)
        quantiles = np.sort(np.rint(random.uniform(-30.0, 20.0, NUM_QUANTILES)) / 8)
        familiarity = Familiarity(
            evidence=(random.below(16, num_evidence_pieces(num_pieces)) - 8).astype(np.int8),
            known_words=random.below(256, NUM_WORD_BYTES).astype(np.uint8),
            quantiles=quantiles.astype(np.float32),
        )
        is_continuation = random.below(3, num_pieces) == 0
        is_continuation[0] = False
        lengths = random.below(_MAX_PIECES + 1, _NUM_TEXTS)
        ids = random.below(num_pieces, int(lengths.sum())).astype(np.int32)
        offsets = np.cumsum([0, *lengths]).astype(np.int64)
        expected = [
            familiarity(ids[start:end].tolist(), is_continuation.tolist(), unknown_id=0)
            for start, end in pairwise(offsets)
        ]
        yield FamiliarTexts(
            name, familiarity, is_continuation, ids, offsets, np.array(expected, np.float32)
        )
