"""Golden files: what people read, kept so that a Polish speaker can read it through, and versioned.

`python -m tests.unit.rendering.golden` writes them anew, and adds the digest of each template's texts under its
version; it refuses to change the digest of a version that already has one.
"""

import pytest

from app.rendering.notice import TEMPLATE_VERSIONS
from tests.unit.rendering.golden import FOLDER, digests, recorded_digests, rendered


@pytest.mark.parametrize("path", sorted(rendered()))
def test_what_is_rendered_is_what_the_golden_file_shows(path: str) -> None:
    assert rendered()[path] == (FOLDER / path).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    kept = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*") if file.suffix in {".txt", ".html"}}
    assert kept == set(rendered())


@pytest.mark.parametrize(("template", "version"), sorted(TEMPLATE_VERSIONS.items()))
def test_texts_that_change_get_a_new_template_version(template: str, version: int) -> None:
    assert recorded_digests()[template][str(version)] == digests()[template]


@pytest.mark.parametrize("template", sorted(TEMPLATE_VERSIONS))
def test_a_new_version_differs_from_all_before_it(template: str) -> None:
    versions = recorded_digests()[template]
    assert len(set(versions.values())) == len(versions)
