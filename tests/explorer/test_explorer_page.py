"""A saved page holds everything, and asks nobody."""

import json
import re

import pytest

from vae_core.explorer.front_end import FOLDER, joined
from vae_core.explorer.page import page_of


def test_the_state_comes_back_from_its_text():
    state = {"z": (0.0, 1.5), "_content": {"labels": b"\x01\x02", "names": ["</script><!--", "ü"]}, "picked": None}
    page = page_of(state, still=b"", title="<b>")
    (text,) = re.findall(r'<script type="application/json" id="state">(.*?)</script>', page, re.DOTALL)
    content = {"labels": {"base64": "AQI="}, "names": ["</script><!--", "ü"]}
    assert json.loads(text) == {"z": [0.0, 1.5], "_content": content, "picked": None}
    assert "<title>&lt;b&gt;</title>" in page


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        page_of({"z": [float("nan")]}, still=b"", title="")


def test_the_page_names_no_other_address():
    page = page_of({}, still=b"", title="")
    assert not re.search(r"https?:|//\w+\.", page)
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", ["latent_explorer.js", "page.js"])
def test_the_modules_are_joined_to_one_without_imports(name):
    text = joined(name)
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert re.findall(r"^export .*", text, re.MULTILINE) == ["export default { initialize, render };"]
    names = re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names)) > 20


def test_the_front_end_parses_no_html_and_fetches_nothing():
    for path in FOLDER.glob("*.js"):
        text = path.read_text().replace('"http://www.w3.org/2000/svg"', "")  # the name of a language, not an address
        assert not re.search(r"innerHTML|insertAdjacentHTML|outerHTML|fetch\(|https?:|XMLHttp", text), path


def test_nothing_moves_by_itself():
    for path in FOLDER.glob("*.css"):  # so there is no motion to reduce
        assert not re.search(r"transition|animation|scroll-behavior", path.read_text()), path
