"""Loads and saves students on the Hugging Face hub, or in a folder like one of its repositories.

Such a folder holds the model file, student.safetensors, and a model card, README.md. Reading a
local one needs nothing; the hub needs the extra `hub`, and writing a card the extra `train`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, ModelFileError
from ..extras import require
from ..runtime.model_file.source import STUDENT_FILE
from ..whole_file import write_whole

if TYPE_CHECKING:
    from ..distillation.data.corpus import Corpus
    from ..runtime.classifier import Classifier
    from ..runtime.model_file.source import StudentSource
    from .card import CardText

__all__ = ["CARD_FILE", "from_pretrained", "push_to_hub", "save_pretrained"]

CARD_FILE = "README.md"
_OUR_CARD = b"library_name: dixtill"  # in the front matter of every card that is written here


def from_pretrained(
    name_or_folder: str | os.PathLike[str],
    *,
    revision: str | None = None,
    kernel: str | None = None,
    threshold: float | None = None,
    only_familiar: bool = False,
) -> Classifier:
    """Load the student in a folder, or in a repository of the hub, such as `me/student`.

    Raises:
        ModelFileError: there is no student, or its file is damaged, foreign or of a newer version.
        MissingExtraError: it is on the hub, and huggingface_hub is not installed.
    """
    from ..runtime.classifier import load_classifier

    found = name_or_folder
    if not os.path.exists(name_or_folder):
        found = _downloaded(os.fspath(name_or_folder), revision)
    return load_classifier(found, kernel, threshold, only_familiar)


def save_pretrained(
    model: StudentSource,
    folder: str | os.PathLike[str],
    corpus: Corpus | None = None,
    text: CardText | None = None,
) -> None:
    """Copy a model file into `folder`, with a card that says what it is and how well it does.

    Args:
        model: a student, as `dixtill.load` takes it: a file, a folder, bytes or an open file.
        folder: created if it does not exist.
        corpus: labeled texts that played no part in the training, to measure the student on; by
            default the card has the scores on the validation texts, which chose the epoch.
        text: what cannot be measured: names, language, license.

    Raises:
        ModelFileError: the file is not a student.
        InputError: the folder cannot be written to, or holds another student or a page that
            dixtill did not write.
    """
    from ..runtime.classifier import load_classifier
    from .card import CardText, card_of
    from .measures import measure

    classifier = load_classifier(model)
    content = classifier.model.content
    _check_is_ours(Path(folder), content)
    measured = measure(classifier, corpus) if corpus else None
    card = card_of(classifier.model, len(content), measured, text or CardText())
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_whole(Path(folder) / STUDENT_FILE, content)
        write_whole(Path(folder) / CARD_FILE, card.encode())
    except OSError as error:
        raise InputError(f"{folder} cannot be written to ({error.strerror})") from error


def _check_is_ours(folder: Path, content: bytes) -> None:
    """Raise InputError if the folder holds another student, or a page not by dixtill."""
    student, page = folder / STUDENT_FILE, folder / CARD_FILE
    if student.is_file() and student.read_bytes() != content:
        raise InputError(
            f"{student} is another student; name it as the model, choose another folder, or "
            "remove it first"
        )
    if page.is_file() and _OUR_CARD not in page.read_bytes():
        raise InputError(
            f"{page} was not written by dixtill; choose another folder, or move it away first"
        )


def push_to_hub(
    folder: str | os.PathLike[str], repo_id: str, *, private: bool = False, api: Any = None
) -> str:
    """Upload what `save_pretrained` wrote to the repository `repo_id`, and return its address.

    The repository is created if it does not exist. `api` is an HfApi; the default one uses the
    token that `hf auth login` stored.

    Raises:
        InputError: the folder lacks the model file or the card, or the hub refuses.
        MissingExtraError: huggingface_hub is not installed.
    """
    for name in (STUDENT_FILE, CARD_FILE):
        if not (Path(folder) / name).is_file():
            raise InputError(f"{folder} has no {name}; write it with `dixtill card`")
    api = api or _hub().HfApi(library_name="dixtill")
    try:
        address = api.create_repo(repo_id=repo_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id,
            folder_path=str(folder),
            allow_patterns=[STUDENT_FILE, CARD_FILE],
            commit_message="A student and its card, by dixtill",
        )
    except Exception as error:  # the network and the hub raise many kinds
        raise InputError(f"cannot push {folder} to '{repo_id}': {error}") from error
    return str(address)


def _downloaded(name: str, revision: str | None) -> str:
    hub = _hub()
    try:
        path: str = hub.hf_hub_download(name, STUDENT_FILE, revision=revision)
    except Exception as error:  # the network and the hub raise all kinds
        raise ModelFileError(
            f"there is no folder {name} here, and no student named {name} on the hub: {error}"
        ) from error
    return path


def _hub() -> Any:
    require("hub")
    import huggingface_hub

    return huggingface_hub
