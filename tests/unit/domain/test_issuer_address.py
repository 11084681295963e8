import pytest

from app.domain.issuer_address import is_issuer_address, is_plain_on_this_machine


@pytest.mark.parametrize(
    "text",
    [
        *("https://id.example.org", "https://id.example.org/", "https://id.example.org:8443/realms/post"),
        *("http://127.0.0.1:8080/realms/post", "http://127.9.9.9", "http://[::1]:8080", "http://localhost:8080/"),
    ],
)
def test_an_issuer_stands_behind_tls_or_on_this_machine(text: str) -> None:
    assert is_issuer_address(text)
    assert is_plain_on_this_machine(text) == text.startswith("http:")


@pytest.mark.parametrize(
    "text",
    [
        *("", "id.example.org", "//id.example.org", "https://", "https:///realms", "ftp://id.example.org", "HTTPS"),
        *("http://id.example.org", "http://10.0.0.1", "http://0.0.0.0", "http://169.254.169.254", "http://[::]"),
        *("http://localhost.example.org", "http://127.0.0.1.example.org", "http://2130706433", "http://0x7f.1"),
        *("https://user@id.example.org", "https://user:password@id.example.org", "http://127.0.0.1@id.example.org"),
        *(
            "https://id.example.org?a",
            "https://id.example.org?",
            "https://id.example.org#a",
            "https://id.example.org/#",
        ),
        *("https://id.example.org:0", "https://id.example.org:99999", "https://id.example.org:a", "https://[::1"),
        *(
            "https://id.example.org/a b",
            "https://id.example.org/\n",
            "https://id.exämple.org",
            "https://id.example.org\0",
        ),
    ],
)
def test_any_other_address_is_none_of_an_issuer(text: str) -> None:
    assert not is_issuer_address(text)
    assert not is_plain_on_this_machine(text)
