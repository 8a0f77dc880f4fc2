"""Prints which share of texts' pieces are among the first of the shipped student's vocabulary.

python -m benchmarks.remembered --data tfns/valid.csv

A classifier remembers products of its first pieces (docs/adr/0027); it has room for 1,170 of the
shipped student. Each of the benchmarks' tweets has a row of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import dixtill
from benchmarks.texts import TWEETS
from dixtill.distillation.data.corpus import read_corpus
from dixtill.specification.model_file import read_model

FIRST = (256, 1024, 1170, 2048, 4096)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, help="labeled texts, of the student's labels")
    path = parser.parse_args().data
    model = read_model(dixtill.SHIPPED_MODEL)
    tokenizer = model.tokenizer()

    def show(name: str, texts: Sequence[str]) -> None:
        ids = [i for t in texts for i in tokenizer.read(t, model.settings.cleaning).piece_ids]
        shares = "".join(f"{sum(i < count for i in ids) / len(ids):8.0%}" for count in FIRST)
        print(f"{name:16}{len(ids):8}{shares}")

    print(f"{'':16}{'pieces':>8}" + "".join(f"{count:8}" for count in FIRST))
    for num_words, text in TWEETS.items():
        show(f"{num_words} words", [text])
    show("data", read_corpus(path, model.settings.labels).texts)


if __name__ == "__main__":
    main()
