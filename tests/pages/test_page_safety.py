"""No text can make a page run a script, send a request or lose characters."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from explained import HOSTILE, predicted
from pages import DESKTOP

import dixtill
from dixtill.pages.page import page_html
from dixtill.pages.rows import ExplainedText
from dixtill.runtime.show.html import words_html

hypothesis = pytest.importorskip("hypothesis", reason="draws texts with hypothesis")
st = pytest.importorskip("hypothesis.strategies")


def hostile_page():
    """Put every hostile text into texts, labels, file names, remarks and telling words."""
    texts = []
    for text in HOSTILE:
        labels = (text or "empty", "other")
        for weight in (1.0, 2.0, 3.0):
            answer = predicted(text, [weight] * len(text.split()), labels[0], labels=labels)
            texts.append(ExplainedText(answer, labels[0], teacher=answer))
    return page_html(texts, HOSTILE[1], HOSTILE[2])


@pytest.mark.parametrize("is_scripted", [True, False])
def test_hostile_texts_do_nothing(opened, is_scripted):
    asked = []
    page = opened(
        hostile_page(),
        java_script_enabled=is_scripted,
        on_request=lambda request: asked.append(request.url),
    )
    shown = page.eval_on_selector_all(
        ".texts td > .dixtill-words", "all => all.map(e => e.textContent)"
    )
    assert len(shown) == 3 * len(HOSTILE)
    for text, seen in zip([text for text in HOSTILE for _ in range(3)], shown, strict=True):
        expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
        assert seen == expected.replace("\r\n", "\n")
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("document.scripts.length") == 1
    assert page.evaluate("document.styleSheets.length") == 1
    assert page.evaluate("document.querySelectorAll('img, iframe, link, a, object').length") == 0
    assert page.locator("h1").inner_text() == HOSTILE[1]
    assert page.failures == []
    assert asked == [page.url]
    assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]


@pytest.mark.slow
@hypothesis.given(
    st.text(max_size=60) | st.text("<>&\"'/=!-script \t\r\n\x00\x1b\ud800;#x", max_size=60)
)
@hypothesis.settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_a_browser_reads_any_text_as_it_was(window, text):
    seen, elements = window.evaluate(
        """html => { const body = new DOMParser().parseFromString(html, "text/html").body;
        return [body.textContent, [...body.querySelectorAll("*")].map(e => e.tagName)]; }""",
        words_html(dixtill.infer(text)),
    )
    expected = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
    assert seen == expected.replace("\r\n", "\n").replace("\r", "\n")
    assert set(elements) <= {"SPAN", "B"}


@pytest.fixture
def window(opened):
    return opened("<!DOCTYPE html><title>empty</title>")


@pytest.mark.slow
def test_no_request_leaves_the_page_even_if_something_slipped_in(browser, headlines):
    """A server counts requests: with the policy, the browser asks only for the page."""
    smuggled = (
        "<img src=/x><script src=/y></script><link rel=stylesheet href=/z><iframe src=/f></iframe>"
    )
    pages = {"/page": headlines + smuggled}
    pages["/open"] = re.sub(r"<meta http-equiv[^>]+>", "", pages["/page"])
    with CountingServer(pages) as (address, asked):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{address}/page", wait_until="networkidle")
        assert asked == ["/page"]
        page.goto(
            f"{address}/open", wait_until="networkidle"
        )  # the control: without the policy they are requested
        assert {"/x", "/y", "/z", "/f"} <= set(asked)
        context.close()


class CountingServer:
    """Serves pages by path and records the requests."""

    def __init__(self, pages):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(pages.get(self.path, "").encode())

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}", self.asked

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_the_policy_forbids_every_script_but_the_pages_own(opened, headlines):
    slipped = "<script>window.pwned = 1</script><b onclick='window.pwned=1' id=trap>x</b>"
    page = opened(headlines.replace("<footer>", slipped + "<footer>"))
    page.locator("#trap").click()
    assert page.evaluate("window.pwned") is None
    assert page.get_by_role("status").inner_text() == "32 of 32 texts"  # its own script ran
    loose = re.sub(r"<meta http-equiv[^>]+>", "", headlines).replace(
        "<footer>", slipped + "<footer>"
    )
    assert opened(loose).evaluate("window.pwned") == 1  # the control: without the policy it runs
