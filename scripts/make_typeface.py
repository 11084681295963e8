"""Cuts Inter down to what the pages are written with: `make typeface`, or python scripts/make_typeface.py PACKAGE DIR.

PACKAGE is npm's @fontsource/inter, unpacked; DIR gets a file for each weight and the licence. Needs fonttools with
brotli, which nothing else here needs. The same package and tools give the same bytes.
"""  # noqa: INP001 – a script, run by its path

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

WEIGHTS = (400, 600)
SCRIPTS = ("latin", "latin-ext", "cyrillic", "cyrillic-ext")
# ASCII; the letters of western Europe, of Polish and of Ukrainian; quotes, dashes and signs that the texts use.
LETTERS = frozenset(
    [
        *range(0x20, 0x7F),
        *range(0xC0, 0x100),
        *range(0x0410, 0x0450),
        *map(ord, "ĄĆĘŁŃÓŚŹŻąćęłńóśźżЄІЇҐєіїґ"),
        *map(ord, "\u00a0§©«°±·»×–—‘’‚“”„•…€№−"),
    ]
)
# What lookup and layout tables hold beyond kerning and figures of one width is for other languages.
FEATURES = ["kern", "tnum", "ccmp"]
UNUSED_TABLES = ("gasp", "prep", "STAT")
# 1970 in the seconds since 1904 that fonts count: no date of making, so that the same input gives the same bytes.
NO_DATE = 2_082_844_800


def cut(source: Path, target: Path) -> None:
    """Write the letters that `source` has of ours, without hints."""
    font = TTFont(source)
    options = Options()
    options.layout_features = FEATURES
    options.hinting = False
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS & font.getBestCmap().keys())
    subsetter.subset(font)
    font.flavor = None
    font.save(target)


def whole(package: Path, weight: int, directory: Path) -> TTFont:
    """One font of that weight with all our letters; the package has a file for each script."""
    parts = [directory / f"{script}.ttf" for script in SCRIPTS]
    for script, part in zip(SCRIPTS, parts, strict=True):
        cut(package / "files" / f"inter-{script}-{weight}-normal.woff2", part)
    font = Merger().merge([str(part) for part in parts])
    missing = LETTERS - font.getBestCmap().keys()
    if missing:
        sys.exit(f"the package has no {sorted(map(chr, missing))}")
    return font


def main(package: Path, target: Path) -> None:
    for weight in WEIGHTS:
        with TemporaryDirectory() as directory:
            font = whole(package, weight, Path(directory))
        for table in UNUSED_TABLES:
            if table in font:
                del font[table]
        font["head"].created = font["head"].modified = NO_DATE
        font.recalcTimestamp = False
        font.flavor = "woff2"
        font.save(target / f"inter-{weight}.woff2")
    shutil.copy(package / "LICENSE", target / "inter-licence.txt")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
