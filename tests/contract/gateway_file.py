"""The example of docs/sms-gateway.md as a file, with changes."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.sms.gateway_file import Gateway

DOCUMENT = Path(__file__).parents[2] / "docs" / "sms-gateway.md"


def example() -> str:
    """The TOML as the document shows it."""
    found = re.search(r"^```toml\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def described(url: str, secret: str, **changes: dict[str, Any] | None) -> tuple[Gateway, SecretStr]:
    """The example at another address; `changes` replace entries of its tables, None takes a table away."""
    entries = tomllib.loads(example())
    entries["request"]["url"] = url
    for table, change in changes.items():
        if change is None:
            del entries[table]
        else:
            entries[table] = entries[table] | change
    return Gateway.model_validate(entries), SecretStr(f"Bearer {secret}")
