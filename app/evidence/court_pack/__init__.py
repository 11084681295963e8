"""The court pack: a proof bundle laid out as files that a shell script can check without reading JSON.

`verify.sh` and `README.txt` beside this module travel in every pack as they stand here.
"""

from app.evidence.court_pack.pack import UnsoundBundleError, court_pack

__all__ = ["UnsoundBundleError", "court_pack"]
