"""The page in a real browser, in windows of several sizes, light and dark."""

from __future__ import annotations

import re

import pytest
from explained import checked, labeled, predicted
from pages import CONTRASTS, DESKTOP, PHONE, rgb, rows_of, taught

from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE, (320, 640), (800, 600)])
def test_it_fits_its_window_and_is_colored(opened, headlines, tmp_path, size, scheme):
    image = pytest.importorskip("PIL.Image", reason="looks at screenshots with Pillow")
    page = opened(headlines, *size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    shot = image.open(tmp_path / "page.png").convert("RGB")
    assert shot.width == size[0]
    assert_seen(page, shot, "p5", "p3", "n1", "n2")
    paper = sum(shot.getpixel((2, 2)))
    assert paper > 700 if scheme == "light" else paper < 120
    assert page.failures == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_strength_of_both_signs_is_seen(opened, tmp_path, scheme):
    image = pytest.importorskip("PIL.Image", reason="looks at screenshots with Pillow")
    strengths = [0.15, 0.3, 0.5, 0.7, 1.0]
    texts = [ExplainedText(predicted("a b c d e", [s * n for n in strengths])) for s in (1, -1)]
    page = opened(page_html(texts, "two"), *DESKTOP, color_scheme=scheme)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    shot = image.open(tmp_path / "page.png").convert("RGB")
    assert_seen(page, shot, *(f"{sign}{level}" for sign in "pn" for level in range(1, 6)))


def assert_seen(page, shot, *classes):
    """Assert that words of these classes have their colors in the screenshot."""
    seen = {color for _, color in shot.getcolors(2**24)}
    for name in classes:
        color = tuple(map(int, re.findall(r"\d+", rgb(page, f".texts .{name}"))))
        assert color in seen, f"no .{name} is seen"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_every_text_has_a_contrast_of_four_and_a_half(opened, size, scheme):
    strong = [predicted("a b c d e f", [s * n / 5 for n in range(6)]) for s in (1, -1)] * 12
    texts = taught(labeled([*strong, checked("up up", [1.0, 0.0], (0, 1))]))
    page = opened(page_html(texts, "all levels"), *size, color_scheme=scheme)
    page.check("#weights")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 200
    assert {f"B.{sign}{n}" for sign in "pn" for n in range(1, 6)} <= {kind for _, kind, _ in found}
    assert [item for item in found if item[0] < 4.5] == []


def test_controls_stand_out_from_the_page(opened, headlines):
    for scheme in ("light", "dark"):
        page = opened(headlines, color_scheme=scheme)
        borders = page.eval_on_selector_all(
            "#controls select, #search", "all => all.map(e => getComputedStyle(e).borderColor)"
        )
        light, dark = "rgb(86, 97, 109)", "rgb(156, 167, 178)"  # WCAG asks for at least 3 to 1
        assert set(borders) == {light if scheme == "light" else dark}


def test_screen_readers_find_a_table_with_headings_and_names(opened, headlines):
    page = opened(headlines)
    assert page.get_by_role("heading", level=1).inner_text() == "headlines.csv"
    assert page.get_by_role("heading", level=2).all_inner_texts() == [
        "The most telling words", "Texts",
    ]  # fmt: skip
    table = page.get_by_role("table", name="Texts and their explanations")
    assert table.get_by_role("columnheader").all_inner_texts() == [
        "line", "true label", "predicted label (probability)", "attribution label",
        "attribution score", "words",
    ]  # fmt: skip
    assert table.get_by_role("row").count() == 33
    assert table.get_by_role("rowheader").count() == 32
    assert page.get_by_role("table", name="bullish").get_by_role("row").count() > 3
    for name in ("Search", "Predicted", "True", "Probability", "Sort by", "errors only"):
        assert page.get_by_label(name, exact=True).count() == 1, name
    assert page.get_by_role("status").inner_text() == "32 of 32 texts"
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_row_is_the_papers_figure(opened):
    texts = [
        ExplainedText(predicted("Up,  not\tdown!", [1.0, -0.5, -0.01]), "bearish"),
        ExplainedText(predicted("up", [1.0], probability=0.6, threshold=0.8), "bullish"),
    ]
    page = opened(page_html(texts, "two"))
    first, second = rows_of(page)
    assert first[:5] == ["1", "bearish error", "bullish (0.90)", "bullish", "+0.49"]
    assert second[1:5] == ["bullish", "no label (0.60)", "bullish", "+1.00"]
    words = page.locator(".texts .dixtill-words").first
    assert words.evaluate("e => e.textContent") == "Up,  not\tdown!"
    assert words.evaluate("e => getComputedStyle(e).whiteSpaceCollapse") == "preserve"
    blue, orange = rgb(page, ".texts .p5"), rgb(page, ".texts .n3")
    assert blue == "rgb(88, 156, 219)"
    assert orange == "rgb(248, 192, 133)"
    line = "e => getComputedStyle(e).textDecoration"
    assert "dashed" in page.locator(".texts .n3").evaluate(line)
    assert "dashed" not in page.locator(".texts .p5").first.evaluate(line)


def test_weights_are_shown_without_javascript(opened, headlines):
    page = opened(headlines, java_script_enabled=False)
    weight = "e => getComputedStyle(e, '::after').content"
    word = page.locator(".texts b[title]").first
    assert word.evaluate(weight) == "none"
    page.check("#weights")
    assert re.fullmatch(r'" [+−]\d\.\d\d / [+−]\d\.\d\d"', word.evaluate(weight))


def test_without_javascript_the_table_is_there_and_no_control_that_does_nothing(opened, headlines):
    page = opened(headlines, java_script_enabled=False)
    assert len(rows_of(page)) == 32
    assert page.locator("#controls").is_hidden()
    assert page.locator(".texts th button").count() == 0
    assert page.get_by_role("heading", name="The most telling words").is_visible()


def test_flip_words_are_outlined_and_said(opened):
    page = opened(page_html([ExplainedText(checked("a b c", [1.0, 2.0, 0.5], (0, 1)))], "one"))
    assert page.locator(".texts .flip").all_inner_texts() == ["a", "b"]
    assert "without “a” and “b” the label changes" in rows_of(page)[0][5]
    assert "inset" in page.locator(".flip").first.evaluate("e => getComputedStyle(e).boxShadow")


def test_a_single_text_has_no_controls_and_no_figures(opened):
    page = opened(page_html([ExplainedText(predicted("up"))], "Explanations"))
    assert page.locator("#controls, .figures, .telling").count() == 0
    assert "true label" not in page.locator(".texts thead").inner_text()
    assert page.failures == []


def test_a_notebooks_piece_is_colored_in_a_page_of_any_style(opened):
    html = checked("up <i>down</i>", [1.0, -1.0], (0,))._repr_html_()
    for scheme, blue in (("light", "rgb(88, 156, 219)"), ("dark", "rgb(21, 108, 176)")):
        page = opened(f"<!DOCTYPE html><body style='background:black'>{html}", color_scheme=scheme)
        assert rgb(page, ".p5") == blue
        assert [item for item in page.evaluate(CONTRASTS) if item[0] < 4.5] == []
        assert page.locator("i").count() == 0
