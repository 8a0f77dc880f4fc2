"""Give a student what tells familiar texts from others, if its file was made without.

The texts are those of the student's course, of which a part is held out again; the teacher's
vocabulary says how usual words are in general. Nothing else of the student changes.

    python tools/fit_familiarity.py STUDENT OUT --teacher FOLDER --train tfns/train.csv \\
        --exclude tfns/valid.csv
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from dixtill.distillation.config import CourseSettings
from dixtill.distillation.data.sources import read_course_texts
from dixtill.distillation.student.examples import make_examples
from dixtill.distillation.student.familiarity import fit_familiarity
from dixtill.distillation.student.vocabulary import Vocabulary, ranks_of
from dixtill.distillation.teacher.teacher import Teacher
from dixtill.specification.model_file import read_model, write_model


def main() -> None:
    """Read one file, write the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("student")
    parser.add_argument("out")
    parser.add_argument("--teacher", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--exclude")
    arguments = parser.parse_args()
    model = read_model(arguments.student)
    settings = CourseSettings(exclude=arguments.exclude)
    texts = read_course_texts(arguments.train, None, model.settings.labels, settings)
    if texts.train.digest() != model.settings.provenance["train"]["sha256"]:
        sys.exit(f"{arguments.train} does not have the texts that the student learned from")
    tokenizer = model.tokenizer()
    ranks = ranks_of(model.vocabulary, Teacher.load(arguments.teacher))
    vocabulary = Vocabulary(model.vocabulary, tokenizer.normalizer, ranks)
    train, valid = (
        make_examples(corpus, tokenizer, model.settings.cleaning)
        for corpus in (texts.train, texts.valid)
    )
    found = fit_familiarity(train, valid, vocabulary)
    write_model(replace(model, familiarity=found), arguments.out)


if __name__ == "__main__":
    main()
