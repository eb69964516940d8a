"""The browser of the tests is found or got, and what was done is said in one sentence."""

from pathlib import Path

import pytest

from tests import browser


def test_the_system_s_browser_is_taken_by_any_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chrome = tmp_path / "google-chrome"
    chrome.write_text("#!/bin/sh\n")
    chrome.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.main() == f"Browser for the tests: {chrome}"


def test_where_there_is_none_one_is_asked_for_in_turn(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    got: list[str] = []
    monkeypatch.setattr(browser, "found", lambda: "/somewhere/chrome" if "playwright" in got else None)
    monkeypatch.setattr(browser, "from_the_system", lambda: False)
    monkeypatch.setattr(browser, "from_playwright", lambda: got.append("playwright") or True)
    assert browser.main() == "Browser for the tests: /somewhere/chrome, from Playwright"
    assert capsys.readouterr().out.count("asking") == 2


def test_where_none_can_be_got_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("found", "from_the_system", "from_playwright"):
        monkeypatch.setattr(browser, name, lambda: None)
    assert browser.main().endswith(browser.BY_HAND)
