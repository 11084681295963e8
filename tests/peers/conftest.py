from pathlib import Path

import pytest

from tests.peers.court_packs import tools


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PATH with the programs that README.txt of a court pack asks for, and no others."""
    return tools(tmp_path_factory.mktemp("programs") / "bin")
