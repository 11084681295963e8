"""Cuts Inter down to what pages and PDF statements are written with: `make typeface`.

Or python scripts/make_typeface.py PACKAGE WEB PRINT. PACKAGE is npm's @fontsource/inter, unpacked; WEB gets a WOFF2
file for each weight, PRINT a TrueType file with the letters of more languages and figures that are all of one width,
and both get the licence. Needs fonttools with brotli, which nothing else here needs. The same package and tools give
the same bytes.
"""  # noqa: INP001 – a script, run by its path

import shutil
import sys
from collections.abc import Set as AbstractSet
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
# Names, addresses and messages are printed as they are: all of Latin Extended-A, the Romanian letters with a comma
# below, the Cyrillic of every Slavic language.
PRINTED = LETTERS | {*range(0xA0, 0x180), *map(ord, "ȘșȚțẞ‹›"), *range(0x0400, 0x0460)}
PRINTED -= {0xAD, 0x0149}  # a soft hyphen is no letter, and the other one is not in the package
# What lookup and layout tables hold beyond kerning and figures of one width is for other languages.
FEATURES = ["kern", "tnum", "ccmp"]
UNUSED_TABLES = ("gasp", "prep", "STAT")
# 1970 in the seconds since 1904 that fonts count: no date of making, so that the same input gives the same bytes.
NO_DATE = 2_082_844_800


def cut(source: Path, target: Path, letters: AbstractSet[int]) -> None:
    """Write those of the letters that `source` has, without hints."""
    font = TTFont(source)
    keep(font, letters & font.getBestCmap().keys(), FEATURES)
    font.flavor = None
    font.save(target)


def keep(font: TTFont, letters: AbstractSet[int], features: list[str]) -> None:
    """Leave nothing in the font but the letters and those layout features of them."""
    options = Options()
    options.layout_features = features
    options.hinting = False
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)


def whole(package: Path, weight: int, letters: AbstractSet[int]) -> TTFont:
    """One font of that weight with all the letters; the package has a file for each script."""
    with TemporaryDirectory() as directory:
        parts = [Path(directory) / f"{script}.ttf" for script in SCRIPTS]
        for script, part in zip(SCRIPTS, parts, strict=True):
            cut(package / "files" / f"inter-{script}-{weight}-normal.woff2", part, letters)
        font = Merger().merge([str(part) for part in parts])
    missing = letters - font.getBestCmap().keys()
    if missing:
        sys.exit(f"the package has no {sorted(map(chr, missing))}")
    for table in UNUSED_TABLES:
        if table in font:
            del font[table]
    font["head"].created = font["head"].modified = NO_DATE
    font.recalcTimestamp = False
    return font


def even_figures(font: TTFont) -> None:
    """Make the figures of one width the ordinary ones: who draws text without its layout features gets them, too."""
    layout = font["GSUB"].table
    numbers = [record.Feature for record in layout.FeatureList.FeatureRecord if record.FeatureTag == "tnum"]
    even = {}
    for place in {place for feature in numbers for place in feature.LookupListIndex}:
        for part in layout.LookupList.Lookup[place].SubTable:
            even.update(part.mapping)
    for table in font["cmap"].tables:
        table.cmap.update({code: even[table.cmap[code]] for code in range(ord("0"), ord("9") + 1)})


def main(package: Path, web: Path, printed: Path) -> None:
    for weight in WEIGHTS:
        font = whole(package, weight, LETTERS)
        font.flavor = "woff2"
        font.save(web / f"inter-{weight}.woff2")
        font = whole(package, weight, PRINTED)
        even_figures(font)
        keep(font, PRINTED, [])
        font.save(printed / f"inter-{weight}.ttf")
    for target in (web, printed):
        shutil.copy(package / "LICENSE", target / "inter-licence.txt")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
