"""Makes tokenizers of a few dozen pieces, one for each way in which they report offsets."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer
from tokenizers.implementations import BertWordPieceTokenizer, ByteLevelBPETokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Replace, Sequence
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

TEXTS = (
    "Apple shares jump after record earnings",
    "Oil falls 3.5% as traders' fears grow",
    "The café's profit isn't what analysts expected.",
    "$AAPL up 🚀🚀 to the moon!",
    "Deutsche Bank cuts its target to hold",
    "No change",
    "Shares of the bank jump, then fall again in late trading",
    "Record profit: earnings grow, and analysts expected less",
)
WORDPIECES = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "shares", "share", "jump", "record", "earn", "##ings",
    "fall", "##s", "profit", "analysts", "expect", "##ed", "the", "a", "##a", "as", "its", "grow",
    "bank", "late", "trad", "##ing", "hold", "up", "no", "change",
)  # fmt: skip
UNIGRAMS = (
    "▁shares", "▁jump", "▁earn", "ings", "▁profit", "▁the", "▁a", "s", "n't", "▁analysts",
    "▁expect", "ed", "▁up", "▁no",
)  # fmt: skip
END_OF_TEXT = "<|endoftext|>"  # what AutoTokenizer gives a Qwen2 to pad with


def wordpiece() -> PreTrainedTokenizerFast:
    letters = sorted({char for text in TEXTS for char in text.lower() if char > " "} - set("🚀é"))
    vocabulary = dict.fromkeys([*WORDPIECES, *letters, *(f"##{char}" for char in letters)])
    tokenizer = BertWordPieceTokenizer({piece: i for i, piece in enumerate(vocabulary)})
    return wrapped(tokenizer._tokenizer, "[CLS]", "[SEP]", pad_token="[PAD]", unk_token="[UNK]")


def byte_bpe() -> Tokenizer:
    """A tokenizer whose tokens include the space before them, while offsets do not."""
    trained = ByteLevelBPETokenizer(trim_offsets=True)
    trained.train_from_iterator(
        TEXTS,
        vocab_size=330,
        min_frequency=1,
        special_tokens=["<s>", "<pad>", "</s>", END_OF_TEXT],
        show_progress=False,
    )
    return trained._tokenizer


def unigram() -> PreTrainedTokenizerFast:
    """A SentencePiece-like tokenizer: a space is part of the next token, or a token itself."""
    tokenizer = Tokenizer(Unigram(scores("<s>", "<pad>", "</s>", "<unk>"), unk_id=3))
    tokenizer.normalizer = Sequence([NFKC(), Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = Metaspace()
    return wrapped(tokenizer, "<s>", "</s>", pad_token="<pad>", unk_token="<unk>")


def scores(*special: str) -> list[tuple[str, float]]:
    letters = sorted({char for text in TEXTS for char in text if char > " "} - {"🚀"})
    scores = {**dict.fromkeys(special, 0.0), "▁": -6.0, **dict.fromkeys(letters, -8.0)}
    return list((scores | dict.fromkeys(UNIGRAMS, -4.0)).items())


def wrapped(tokenizer: Tokenizer, first: str, last: str, **tokens: str) -> PreTrainedTokenizerFast:
    tokenizer.post_processor = TemplateProcessing(
        single=f"{first} $A {last}",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (first, last)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **tokens)
