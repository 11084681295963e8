"""The script of a story's page: the verifier of `/verify`, byte for byte, and what holds the page against proofs."""

import json
from importlib.resources import files

from app.web.pages import PAGE_HEADERS
from app.web.verify_page import inline_hash, verifier_script

_SOURCES = files("app.web.audit") / "browser"
TEXTS = {name: json.loads((_SOURCES / "texts" / f"{name}.json").read_text("utf-8")) for name in ("pl", "uk")}
SCRIPT = verifier_script((_SOURCES / "audit.js").read_text("utf-8"), TEXTS)
# Nothing runs but this script; it may ask this very site for proofs and keys.
POLICY = (
    f"{PAGE_HEADERS['Content-Security-Policy']}; script-src '{inline_hash(SCRIPT)}'; connect-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
