"""Draws the first page of a statement in both languages: `python -m tests.peers.statement_pictures`.

Needs poppler-utils, and writes `docs/pictures/statement-*.png`.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from app.rendering.statement_pdf.document import render_statement
from app.rendering.statement_pdf.seal import Seal, Stamp
from tests.unit.rendering.statement.stories import accepted, concluded, reported, started, story

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SMS = (
    "AWIZO: list polecony 00759007734123456789 czeka: UP Warszawa 32, Targowa 73, pn-pt 8-20. Odbierz do 07.12 (pon). "
    "Wez dowod. Nie wysylamy linkow ani doplat."
)
SEAL = Seal(holder="awizo, awizo.example", fingerprint="5e" * 32, is_self_signed=True, stamp=Stamp.NONE_ASKED)


def main() -> None:
    bundle = story(
        started(content=SMS.encode()), accepted(), reported("delivered"), concluded("closed", status="delivered")
    ).bundle()
    with TemporaryDirectory() as directory:
        for language in ("pl", "en"):
            file = Path(directory) / f"{language}.pdf"
            file.write_bytes(render_statement(bundle, language, SEAL))
            picture = PICTURES / f"statement-{language}-1"
            command = ["pdftoppm", "-r", "110", "-png", "-f", "1", "-singlefile", str(file), str(picture)]
            try:
                subprocess.run(command, check=True)
            except FileNotFoundError:
                sys.exit("pdftoppm is missing: on Debian, apt-get install poppler-utils")


if __name__ == "__main__":
    main()
