"""The picture: its size, its colors, and texts that fonts and formulas must not spoil."""

from __future__ import annotations

import io

import pytest
from explained import HOSTILE, checked, labeled, made_tweets, predicted

import dixtill
from dixtill.cli import main
from dixtill.errors import InputError
from dixtill.pages.rows import ExplainedText

pytest.importorskip("matplotlib", reason="draws with matplotlib: pip install 'dixtill[plot]'")
image = pytest.importorskip("PIL.Image")

from dixtill.pages import picture


def drawn(*predictions):
    """Draw a picture and read it with Pillow."""
    texts = [ExplainedText(prediction) for prediction in predictions]
    return image.open(io.BytesIO(picture.picture_png(texts))).convert("RGB")


def num_pixels(shot, color):
    """Return how many pixels have the color."""
    rgb = tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
    return next((number for number, found in shot.getcolors(2**24) if found == rgb), 0)


def test_supporting_and_opposing_words_have_their_colors():
    shot = drawn(predicted("supports opposes weakly", [1.0, -1.0, 0.2]))
    assert shot.width == 1760
    for color in (picture._SUPPORTS[4], picture._OPPOSES[4], picture._SUPPORTS[0]):
        assert num_pixels(shot, color) > 500
    assert num_pixels(shot, picture._SUPPORTS[2]) == 0


def test_longer_texts_take_more_lines_and_stay_within():
    short = drawn(predicted("up"))
    long = drawn(predicted("up and down " * 40))
    assert long.height > short.height + 5 * 160 * picture._LINE
    right = long.crop((long.width - 30, 0, long.width, long.height))
    assert right.getcolors() == [(30 * long.height, (255, 255, 255))]


def test_text_between_dollar_signs_is_not_a_formula():
    plain, dollars = (drawn(predicted(text, [0.0])) for text in (r"a_b^{", r"$a_b^{$"))
    assert dollars.height == plain.height
    with_formula = drawn(predicted(r"$\frac{a}{b}$", [0.0]))
    assert with_formula.height == plain.height
    assert num_pixels(with_formula, "#1c2733") > num_pixels(drawn(predicted("", [])), "#1c2733")


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_can_be_drawn(text):
    assert drawn(predicted(text)).height > 100


def test_a_very_long_text_is_cut(monkeypatch):
    """What is past the cut is not measured either, which would take half a minute."""
    measured = []
    width = picture._Picture._width
    monkeypatch.setattr(
        picture._Picture, "_width", lambda *given: measured.append(given) or width(*given)
    )
    assert drawn(predicted("word " * 50_000)).height < 2000
    assert len(measured) < picture._MOST_CHARS


def test_checks_labels_and_errors_are_drawn():
    text = checked("a b", [1.0, 0.5], flip=(0,))
    shot = image.open(io.BytesIO(picture.picture_png([ExplainedText(text, "bearish")])))
    assert shot.height > drawn(predicted("a b", [1.0, 0.5])).height
    assert num_pixels(shot.convert("RGB"), picture._WRONG) > 20


@pytest.mark.slow
def test_the_same_texts_give_the_same_bytes():
    texts = labeled(dixtill.infer(made_tweets(5)))
    assert picture.picture_png(texts) == picture.picture_png(texts)


def test_more_texts_than_a_picture_can_show_are_refused():
    texts = [ExplainedText(predicted("up"))] * 41
    with pytest.raises(InputError, match="at most 40 texts, not 41; use --html"):
        picture.picture_png(texts)


def test_the_command_writes_it(tmp_path, capsys):
    out = tmp_path / "x.png"
    assert main(["explain", "--png", str(out), "up"]) == 0
    with image.open(out) as shot:
        assert shot.format == "PNG"
    assert capsys.readouterr().out == f"{out}: 1 text, {out.stat().st_size:,} bytes\n"
