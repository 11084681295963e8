"""What `awizo run` says before it serves."""

import pytest

from app.development import addresses


@pytest.mark.parametrize(
    "path", ["/docs", "/preferences", "/audit", "/status", "/verify", "/log/checkpoint", "/metrics"]
)
def test_who_starts_it_is_told_where_every_page_is(path: str) -> None:
    told = "\n".join(addresses("http://awizo.test", "http://inbox.test"))
    assert f" http://awizo.test{path}" in told
    assert " http://inbox.test/" in told
