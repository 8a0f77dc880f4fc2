"""Names of groups and candidates, by which the report finds what it compares."""

from __future__ import annotations

TEACHER = "BERT-base, PyTorch"
PTQ = "BERT-base, PyTorch int8 (PTQ)"
AHP6 = "BERT-base, 6 of 12 heads (AHP-6)"
BERT_ORT = "BERT-base, ONNX Runtime"
BERT_ORT_INT8 = "BERT-base, ONNX Runtime int8"
MINILM = "MiniLM-L6, PyTorch"
MINILM_ORT_INT8 = "MiniLM-L6, ONNX Runtime int8"
FASTTEXT = "fastText, bigrams"
LINEAR = "scikit-learn, TF-IDF + logistic regression"
TOKENIZERS = "tokenizers alone, no answer"

EAGER = "PyTorch eager"
EAGER_LOGITS = "PyTorch eager, logits alone"
COMPILED = "torch.compile"
TORCH_INT8 = "torch.ao dynamic int8"
STUDENT_ORT = "ONNX Runtime"
STUDENT_ORT_INT8 = "ONNX Runtime int8"
_CELLS = {
    "lstm": "LSTM",
    "gru": "GRU",
    "linear": "linear cell",
    "gru, 32 units": "GRU of 32 units",
    "gru, 8 units": "GRU of 8 units",
}
# ONNX Runtime has no int8 GRU; quantize_dynamic quantizes what is around it.
_STUDENT_ORT_INT8 = {"gru": f"{STUDENT_ORT_INT8}, but the GRU in float32"}

MINILM_CAPTUM = "MiniLM-L6, Captum"
MINILM_INTERPRET = "MiniLM-L6, transformers-interpret"
BERT_CAPTUM = "BERT-base, Captum"

CAPTUM_EACH = "Captum, 50 nodes, a text at a time"
ADAPTIVE = "dixtill, adaptive"
ONE_CLASS = "the predicted class alone"
SOME_CLASSES = "three classes of each text, the default"

CAPTUM_STEPS = "Captum's formula"
EINSUM = "torch.einsum"
SUM = "torch.sum, reads as much"
COPY = "copy, reads and writes as much"

PYTHON = "Python alone"
IMPORT_DIXTILL = "import dixtill"
FIRST_ANSWER = "dixtill, first answer"
IMPORT_TORCH = "import torch"
IMPORT_TRANSFORMERS = "import torch, transformers"
IMPORT_FASTTEXT = "import fasttext"
IMPORT_SKLEARN = "import sklearn"
ORT_FIRST_ANSWER = "MiniLM-L6, ONNX Runtime int8, first answer"

STREAMS = "files of JSON lines, 2 threads"
STREAM_WITH_WORDS = "dixtill infer --input, words and weights written"
STREAM_WITHOUT_WORDS = "dixtill infer --input, --no-words"
COPIED_LINES = "json.loads and json.dumps of each line alone, no answer"

COLD_START = "a process of its own"


def dixtill(target: str) -> str:
    return f"dixtill, {target}"


def words_read(target: str) -> str:
    return f"{dixtill(target)}, every word read"


def checked(target: str) -> str:
    return f"{dixtill(target)}, checked"


def of_cell(cell: str, candidate: str) -> str:
    return f"{_CELLS[cell]}: {candidate}"


def student_ort_int8(cell: str) -> str:
    return _STUDENT_ORT_INT8.get(cell, STUDENT_ORT_INT8)


def text_to_answer(num_words: int) -> str:
    return f"text to answer, {num_words} words"


def text_to_answer_by_cell(num_words: int) -> str:
    return f"text to answer by cell, {num_words} words"


def student_forward(num_texts: int, length: int) -> str:
    return f"student forward, batch {num_texts}, {length} pieces"


def forward_by_cell(num_texts: int, length: int) -> str:
    return f"student forward by cell, batch {num_texts}, {length} pieces"


def batches(num_texts: int, num_threads: int) -> str:
    return f"lists of {num_texts} texts, {num_threads} thread{'s' * (num_threads > 1)}"


def explanation(teacher: str) -> str:
    return f"answer with explanation, beside {teacher}"


def attributions(num_threads: int) -> str:
    return f"attributions of MiniLM-L6, {num_threads} thread{'s' * (num_threads > 1)}"


def attributions_of_classes(count: int) -> str:
    return f"attributions of MiniLM-L6 with {count} classes, 1 thread"


def accumulation(megabytes: float) -> str:
    return f"integrated gradients from {megabytes:.3g} MB of gradients"
