"""Measure how much two teachers agree in their attributions: the most to expect of a student.

    dixtill attribute --teacher ONE --data valid.csv --out one
    dixtill attribute --teacher OTHER --data valid.csv --out other
    python tools/measure_teacher_agreement.py --data valid.csv one other

Prints, for each pair of folders, the feature and sign agreement of the top three words, Spearman's
rank correlation and the cosine. Each is the mean over texts of more than three words; then over
those of them to which both teachers give the same label.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from dixtill.distillation.attribution.attributor import Attribution
from dixtill.distillation.attribution.store import AttributionStore
from dixtill.distillation.data.unlabeled import read_texts
from dixtill.distillation.measures import explanations as measures

TOP = 3
Pair = tuple[Attribution, Attribution]


def main() -> None:
    """Print two lines for each pair of folders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", required=True, metavar="DATA")
    parser.add_argument("--num-texts", type=int, metavar="N", help="the first of them (all)")
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="attributions of one teacher")
    args = parser.parse_args()
    if len(args.folders) < 2:
        parser.error("one folder agrees with itself; name two or more")
    texts = read_texts(args.data)[: args.num_texts]
    found = {folder: AttributionStore(Path(folder)).find(texts) for folder in args.folders}
    for one, other in combinations(found, 2):
        pairs = [
            (found[one][text], found[other][text])
            for text in texts
            if text in found[one] and text in found[other]
        ]
        same = [(a, b) for a, b in pairs if a.predicted == b.predicted]
        for which, chosen in (("all texts", pairs), ("same label", same)):
            print(f"{one} | {other}, {which}: {shown(chosen)}")


def shown(pairs: Sequence[Pair]) -> str:
    """Format the number of texts and the means of the measures."""
    rows = [
        (
            measures.feature_agreement(a, b, TOP),
            measures.sign_agreement(a, b, TOP),
            measures.spearman(a, b),
            measures.cosine(a, b),
        )
        for a, b in map(weights, pairs)
        if len(a) > TOP
    ]
    if not rows:
        return f"no text of more than {TOP} words"
    feature, sign, spearman, cosine = np.mean(rows, axis=0)
    return (
        f"{len(rows)} texts  feature@{TOP} {feature:.2f}  sign@{TOP} {sign:.2f}  "
        f"Spearman {spearman:.2f}  cosine {cosine:.2f}"
    )


def weights(pair: Pair) -> tuple[measures.Weights, measures.Weights]:
    """Return both attributions for the words of the first one."""
    one, other = pair
    spans = zip(one.starts, one.ends, strict=True)
    return np.array(one.attributions), measures.by_spans(spans, other)


if __name__ == "__main__":
    main()
