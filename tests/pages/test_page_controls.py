"""Filters, search and sorting of a page, by mouse and by keyboard."""

from __future__ import annotations

import re

from explained import labeled, predicted
from pages import PHONE, numbers_of, numbers_of_phone, rows_of, taught

import dixtill
from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText


def test_filters_show_the_rows_that_are_asked_for(opened, headlines):
    page = opened(headlines)
    everything = rows_of(page)
    page.get_by_label("Predicted", exact=True).select_option("neutral")
    assert rows_of(page) == [row for row in everything if row[3] == "neutral"]
    page.get_by_label("True", exact=True).select_option("bearish")
    assert rows_of(page) == []
    assert page.get_by_text("No text matches.").is_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("status").filter(has_text="32 of 32").wait_for()
    assert rows_of(page) == everything
    page.get_by_label("errors only").check()
    wrong = [row for row in everything if row[1].split()[0] != row[3]]
    assert rows_of(page) == wrong
    assert 0 < len(wrong) < 5
    assert page.get_by_role("status").inner_text() == f"{len(wrong)} of 32 texts"


def test_low_confidence_is_a_probability_below_a_bound(opened, headlines):
    page = opened(headlines)
    everything = rows_of(page)
    page.get_by_label("Probability").select_option("below 0.8")
    unsure = [row for row in everything if float(re.search(r"\((.+)\)", row[2])[1]) < 0.8]
    assert rows_of(page) == unsure
    assert unsure
    assert all(row[2].startswith("no label") for row in unsure)


def test_search_ignores_case_and_looks_in_the_text_alone(opened, headlines):
    page = opened(headlines)
    page.get_by_role("searchbox").fill("SHARES Fall")
    assert [row[0] for row in rows_of(page)] == ["17", "18"]
    page.get_by_role("searchbox").fill("0.")
    assert rows_of(page) == []


def test_the_teachers_rows_can_be_found_and_sorted(opened):
    texts = taught(labeled([predicted(f"up and {n}") for n in range(6)]))
    page = opened(page_html(texts, "taught"))
    assert "teacher: bullish (0.90), agreement 100%" in rows_of(page)[0][5]
    page.get_by_label("the teacher disagrees").check()
    assert numbers_of(page) == [3, 5, 7]
    assert page.locator(".teacher .dixtill-words").count() == 6


def test_the_least_agreement_with_the_teacher_can_come_first(opened):
    student = predicted("a b c d e", [5.0, 4.0, 3.0, 1.0, 1.0])
    weights = (
        [5, 4, 3, 1, 1],
        [5, 1, 1, 4, 3],
        [5, 4, 1, 3, 1],
    )  # 3, 1 and 2 of the top three agree
    teachers = [predicted("a b c d e", some) for some in weights]
    page = opened(page_html([ExplainedText(student, teacher=t) for t in teachers], "taught"))
    page.get_by_label("Sort by").select_option("least agreement first")
    assert numbers_of(page) == [2, 3, 1]


def test_columns_sort_up_and_down_by_mouse_and_keyboard(opened, headlines):
    page = opened(headlines)
    scores = [float(row[4].replace("−", "-")) for row in rows_of(page)]
    header = page.get_by_role("columnheader", name="attribution score")
    header.get_by_role("button").click()
    assert [float(row[4].replace("−", "-")) for row in rows_of(page)] == sorted(scores)
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert [float(row[4].replace("−", "-")) for row in rows_of(page)] == sorted(scores)[::-1]
    assert header.get_attribute("aria-sort") == "descending"
    page.get_by_role("columnheader", name="line").get_by_role("button").click()
    assert numbers_of(page) == list(range(2, 34))
    assert header.get_attribute("aria-sort") is None


def test_orders_of_the_list_work_where_columns_have_no_head(opened, headlines):
    page = opened(headlines, *PHONE)
    page.get_by_label("Sort by").select_option("least probable first")
    chances = page.eval_on_selector_all(".texts data", "all => all.map(e => Number(e.value))")
    assert chances == sorted(chances)
    page.get_by_label("Sort by").select_option("as given")
    assert numbers_of_phone(page) == list(range(2, 34))


def test_a_telling_word_searches_for_itself(opened, headlines):
    page = opened(headlines)
    page.get_by_role("button", name="weak: search for it").click()
    assert page.get_by_role("searchbox").input_value() == "weak"
    assert len(rows_of(page)) == 6
    assert all("weak" in row[5] for row in rows_of(page))


def test_every_control_is_reached_by_the_tabulator(opened, headlines):
    page = opened(headlines)
    page.locator("#search").focus()
    reached = []
    for _ in range(13):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.innerText")
        )
    assert reached == [
        "predicted", "true", "below", "order", "errors", "Show all", "weights",
        "explained", "line", "true label", "predicted label (probability)", "attribution label",
        "attribution score",
    ]  # fmt: skip


def test_words_can_be_weighed_for_any_label(opened):
    texts = ["Shares jump after record earnings", "Profit falls 🚀, outlook weak", ""]
    answers = dixtill.infer(texts)
    page = opened(page_html(labeled(answers), "any label"))
    before = rows_of(page)
    chooser = page.get_by_label("Weigh words for")
    for label in answers[0].probabilities:
        chooser.select_option(label)
        for row, answer in zip(rows_of(page), answers, strict=True):
            assert row[3] == label
            weights = answer.weights(label)
            score = float(row[4].replace("\N{MINUS SIGN}", "-"))
            assert abs(score - sum(weights)) < 0.01 * len(weights) + 0.01
        for answer in answers:
            expected = answer.explaining(label)
            for word in expected.words:
                shown = page.locator("b[data-w]", has_text=re.compile(f"^{re.escape(word.text)}$"))
                title = shown.first.get_attribute("title").replace("\N{MINUS SIGN}", "-")
                assert abs(float(title.split()[0]) - word.weight) < 0.0051
                assert title.endswith("(unknown)") == word.is_unknown
                sign = (shown.first.get_attribute("class") or " ")[0]
                assert sign in ("p " if word.weight > 0 else "n ") or sign == "u"
    chooser.select_option("")
    assert rows_of(page) == before
    assert page.failures == []


def test_a_single_text_can_be_weighed_for_any_label(opened):
    answer = dixtill.infer("Shares jump after record earnings")
    page = opened(page_html(labeled([answer]), "one text"))
    page.get_by_label("Weigh words for").select_option("bearish")
    assert [row[3] for row in rows_of(page)] == ["bearish"]
    assert page.failures == []


def test_a_page_without_weights_of_other_labels_offers_no_choice(opened):
    page = opened(page_html(labeled([predicted("a b"), predicted("c")]), "made by hand"))
    assert page.locator("#explained").count() == 0
    assert page.failures == []
