"""Splits a text into words with character spans, and words into the pieces that a student reads.

This specifies the native tokenizer. Without `symbols`, its pieces equal those of BertNormalizer,
BertPreTokenizer and WordPiece of the `tokenizers` library. Pieces belong to words; a word's span
points into the text as the user wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import InputError
from .cleaning import clean_with_places
from .normalizer import Normalizer

UNKNOWN_PIECE = "[UNK]"
CONTINUATION = "##"
MAX_PRETOKEN_CHARS = 100  # WordPiece's own limit: a longer pre-token is unknown
_JOINER = "\u200d"
_SKIN_TONES = "\U0001f3fb", "\U0001f3ff"  # first and last
_REGIONAL_INDICATORS = "\U0001f1e6", "\U0001f1ff"  # two of them are a flag


class Pretoken(NamedTuple):
    """The unit of splitting: a run of characters, one punctuation mark or one symbol."""

    text: str  # normalized
    start: int
    end: int
    is_punctuation: bool


class Word(NamedTuple):
    """A word with its span in the text, `text[start:end]`, and its pre-tokens."""

    start: int
    end: int
    pretokens: tuple[Pretoken, ...]


@dataclass(frozen=True)
class TokenizedText:
    """The part of one text that the student reads."""

    piece_ids: list[int]  # [pieces]
    word_of_piece: list[int]  # [pieces], index into spans
    spans: list[tuple[int, int]]  # [words], start and end in the text
    truncated: bool  # whether pieces past the limit were cut


def split_words(text: str, normalizer: Normalizer) -> Iterator[Word]:
    """Yield the words of `text`, lazily.

    White space separates chunks. Within a chunk, each punctuation mark at either end is a word, and
    so is the text between. With the normalizer's `symbols`, a symbol is a chunk of its own,
    together with the other symbols of its emoji.

    >>> text = "$AAPL's up 5.3%."
    >>> [text[word.start : word.end] for word in split_words(text, Normalizer())]
    ['$', "AAPL's", 'up', '5.3', '%', '.']
    """
    for chunk in _chunks(text, normalizer):
        first, last = 0, len(chunk)
        while first < last and chunk[first].is_punctuation:
            first += 1
        while last > first and chunk[last - 1].is_punctuation:
            last -= 1
        groups = [[p] for p in chunk[:first]] + [chunk[first:last]] + [[p] for p in chunk[last:]]
        for group in groups:
            if group:
                start, end = min(p.start for p in group), max(p.end for p in group)
                yield Word(start, end, tuple(group))


def _chunks(text: str, normalizer: Normalizer) -> Iterator[list[Pretoken]]:
    """Yield the pre-tokens of each chunk: between white space, or the symbols of one emoji."""
    runs: list[_Run] = []
    for char, index in normalizer(text):
        if not char:  # dropped; it belongs to the run before, so that a span covers accents
            if runs:
                runs[-1].cover(index)
            continue
        is_symbol = normalizer.is_symbol(char)
        is_space = char == " "
        if runs and (
            is_space
            or (runs[-1].is_symbol and not is_symbol)
            or (is_symbol and not _is_joined(char, runs, text[max(index - 1, 0) : index]))
        ):
            yield [run.pretoken() for run in runs]
            runs = []
        if is_space:
            continue
        is_punctuation = normalizer.is_punctuation(char)
        if runs and not (is_punctuation or runs[-1].is_punctuation or is_symbol):
            runs[-1].chars.append(char)
            runs[-1].cover(index)
        else:
            runs.append(_Run([char], index, index + 1, is_punctuation, is_symbol))
    if runs:
        yield [run.pretoken() for run in runs]


def _is_joined(symbol: str, runs: list[_Run], before: str) -> bool:
    """Return whether `symbol` makes one emoji with those in `runs`; `before` precedes it.

    These are the emoji sequences of UTS 51 that need no list: joined by a joiner, with a skin tone,
    or pairs of regional indicators.
    """
    if not runs[-1].is_symbol:
        return False
    if before == _JOINER or _SKIN_TONES[0] <= symbol <= _SKIN_TONES[1]:
        return True
    return _is_regional(symbol) and len(runs) == 1 and _is_regional(runs[0].chars[0])


def _is_regional(symbol: str) -> bool:
    return _REGIONAL_INDICATORS[0] <= symbol <= _REGIONAL_INDICATORS[1]


@dataclass
class _Run:
    """A pre-token that is still growing."""

    chars: list[str]
    start: int
    end: int
    is_punctuation: bool
    is_symbol: bool

    def cover(self, index: int) -> None:
        self.start, self.end = min(self.start, index), max(self.end, index + 1)

    def pretoken(self) -> Pretoken:
        return Pretoken("".join(self.chars), self.start, self.end, self.is_punctuation)


class Tokenizer:
    """Splits a text into pieces of a WordPiece vocabulary by longest match first."""

    def __init__(
        self, vocabulary: Sequence[str], normalizer: Normalizer, max_pieces: int = 256
    ) -> None:
        """Number the pieces by their order in `vocabulary`, which must hold `[UNK]`.

        Raises:
            InputError: a piece occurs twice, `[UNK]` is missing or `max_pieces` is below 1.
        """
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        if len(self._ids) != len(vocabulary):
            raise InputError("the vocabulary holds a piece twice")
        if UNKNOWN_PIECE not in self._ids:
            raise InputError(f"the vocabulary lacks the piece {UNKNOWN_PIECE}")
        if max_pieces < 1:
            raise InputError(f"max_pieces is {max_pieces}, expected at least 1")
        self.normalizer = normalizer
        self.max_pieces = max_pieces
        self._unknown_id = self._ids[UNKNOWN_PIECE]
        self._max_piece_chars = max(len(piece.removeprefix(CONTINUATION)) for piece in vocabulary)

    def read(self, text: str, cleaning: Sequence[str]) -> TokenizedText:
        """Return the pieces of a text as a user wrote it, and the places of its words there."""
        cleaned = clean_with_places(text, cleaning)
        read = self(cleaned.text)
        return replace(read, spans=[cleaned.span(*span) for span in read.spans])

    def __call__(self, text: str) -> TokenizedText:
        """Return the pieces of a cleaned text, at most `max_pieces`."""
        piece_ids: list[int] = []
        word_of_piece: list[int] = []
        spans: list[tuple[int, int]] = []
        for word in split_words(text, self.normalizer):
            ids = [i for pretoken in word.pretokens for i in self._pieces(pretoken.text)]
            room = self.max_pieces - len(piece_ids)
            if room > 0:
                word_of_piece += [len(spans)] * min(len(ids), room)
                piece_ids += ids[:room]
                spans.append((word.start, word.end))
            if len(ids) > room:
                return TokenizedText(piece_ids, word_of_piece, spans, truncated=True)
        return TokenizedText(piece_ids, word_of_piece, spans, truncated=False)

    def _pieces(self, pretoken: str) -> list[int]:
        """Match the longest piece first; an unknown pre-token is tried again in its plain form."""
        ids = self._matches(pretoken)
        if ids is None and (plain := self.normalizer.plain_form(pretoken)) != pretoken:
            ids = self._matches(plain)
        return [self._unknown_id] if ids is None else ids

    def _matches(self, pretoken: str) -> list[int] | None:
        """Return the pieces, or None where some part matches none: then the whole is unknown."""
        if len(pretoken) > MAX_PRETOKEN_CHARS:
            return None
        ids: list[int] = []
        start = 0
        while start < len(pretoken):
            prefix = CONTINUATION if start else ""
            for end in range(min(len(pretoken), start + self._max_piece_chars), start, -1):
                piece_id = self._ids.get(prefix + pretoken[start:end])
                if piece_id is not None:
                    break
            else:
                return None
            ids.append(piece_id)
            start = end
        return ids
