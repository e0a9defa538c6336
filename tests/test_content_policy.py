"""The policy of a page names the scripts inside it, and no others."""

import re

from content_policy import HEAD, PLAYGROUND, WIDGET, policy

SCRIPT = "'sha256-blAzRWxlv2l++5J73dyJRvsPH5jE9gyuiLZlaJMiDLE='"  # let a = "1 < 2";
HANDLER = "'sha256-x1ez6MIhuiJ6XeZTJ7h1aAVnSHyh2SD6zA04X7tFoJo='"


def directives(text: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in policy(HEAD + text).split(";"))


def test_only_scripts_in_the_page_are_named():
    text = '<script src="a.js"></script><script>let a = "1 < 2";</script><script type="application/json">{}</script>'
    assert directives(text)["script-src"] == f"'self' file: {SCRIPT}"


def test_handlers_are_named_as_such():
    assert directives('<a onclick="f(&quot;x&quot;)">')["script-src"] == f"'self' file: 'unsafe-hashes' {HANDLER}"


def test_only_a_page_with_widgets_may_evaluate():
    text = f'<script type="{WIDGET}">{{}}</script>'
    assert directives(text)["script-src"] == "'self' file: blob: 'unsafe-eval'"
    assert directives(text)["worker-src"] == "'none'"
    assert "eval" not in policy("")
    assert "blob:" not in directives("")["script-src"]


def test_only_a_page_with_a_playground_may_compile_webassembly_and_run_a_worker():
    text = f'<script type="{WIDGET}">{{}}</script><script type="application/json">{{"id": "{PLAYGROUND}"}}</script>'
    assert directives(text)["script-src"] == "'self' file: blob: 'unsafe-eval' 'wasm-unsafe-eval'"
    assert directives(text)["worker-src"] == "blob:"
    assert "wasm" not in policy(f"<p>{PLAYGROUND}</p>")


def test_no_host_and_no_wildcard_is_named():
    for source in set(re.findall(r"\S+", policy(""))):
        assert "*" not in source
        assert "." not in source
