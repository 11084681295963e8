"""How the person asked is read from what was posted, and nothing that is posted is an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.unsubscribe import method_of

FORM = "application/x-www-form-urlencoded"
# RFC 8058 §8.2, with its own boundary.
MULTIPART = "multipart/form-data; boundary=---FormBoundaryjWmhtjORrn"
PARTS = (
    b"-----FormBoundaryjWmhtjORrn\r\n"
    b'Content-Disposition: form-data; name="List-Unsubscribe"\r\n'
    b"\r\n"
    b"One-Click\r\n"
    b"-----FormBoundaryjWmhtjORrn--\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"List-Unsubscribe=One-Click"),
        (f"{FORM}; charset=utf-8", b"List-Unsubscribe=One-Click&x=1"),
        ("", b"List-Unsubscribe=One-Click"),
        (MULTIPART, PARTS),
        (MULTIPART.replace("multipart", "Multipart"), PARTS),
    ],
)
def test_a_mail_program_asks_with_one_click(content_type: str, body: bytes) -> None:
    assert method_of(content_type, body) == "one_click"


def test_our_own_button_asks_from_the_page() -> None:
    assert method_of(FORM, b"from=page") == "page"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", b""),
        (FORM, b"List-Unsubscribe=Two-Clicks"),
        (FORM, b"list-unsubscribe=one-click"),
        ("application/json", b'{"List-Unsubscribe": "One-Click"}'),
        (MULTIPART, b"List-Unsubscribe=One-Click"),
        ("multipart/form-data", PARTS),
    ],
)
def test_any_other_form_is_kept_as_a_plain_post(content_type: str, body: bytes) -> None:
    assert method_of(content_type, body) == "post"


@given(
    st.sampled_from([FORM, MULTIPART, "multipart/form-data; boundary=", "", "text/plain"]) | st.text(),
    st.binary() | st.lists(st.sampled_from([PARTS, b"\r\n", b"--", b"Content-Type: multipart/x"])).map(b"".join),
)
def test_nothing_posted_is_an_error(content_type: str, body: bytes) -> None:
    assert method_of(content_type, body) in {"one_click", "page", "post"}
