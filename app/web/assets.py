"""What pages load beside their HTML: the stylesheet and the typeface. Browsers keep them for a year."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath

from fastapi import APIRouter, Request, Response

from app.web.transport import YEAR_SECONDS, transport_headers

router = APIRouter(include_in_schema=False)

STYLESHEET = "awizo.css"

_FOLDER = files("app.web") / "static"
_MEDIA_TYPES = {".css": "text/css", ".woff2": "font/woff2", ".txt": "text/plain"}
_LOADED = re.compile(r'url\("([a-z0-9.-]+)"\)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file as it is sent. `version` names its content: other bytes have another one."""

    data: bytes
    media_type: str
    version: str


def _asset(name: str, data: bytes) -> Asset:
    media_type = _MEDIA_TYPES[PurePath(name).suffix]
    return Asset(data=data, media_type=media_type, version=hashlib.sha256(data).hexdigest()[:16])


def _assets() -> dict[str, Asset]:
    """Every file of the folder, by name. Where the stylesheet loads one, its version stands in the address."""
    assets = {entry.name: _asset(entry.name, entry.read_bytes()) for entry in _FOLDER.iterdir()}
    style = assets[STYLESHEET].data.decode()
    versioned = _LOADED.sub(lambda found: f'url("{found[1]}?v={assets[found[1]].version}")', style)
    return assets | {STYLESHEET: _asset(STYLESHEET, versioned.encode())}


ASSETS = _assets()


def asset_url(request: Request, name: str) -> str:
    """Where that file is found as it is now. Raises KeyError when there is none."""
    return f"{request.scope.get('root_path', '')}/static/{name}?v={ASSETS[name].version}"


@router.api_route("/static/{name}", methods=["GET", "HEAD"])
async def static_file(request: Request, name: str, v: str = "") -> Response:
    """The file; kept for a year under the address that names its content, asked for anew under any other."""
    asset = ASSETS.get(name)
    headers = {"X-Content-Type-Options": "nosniff", **transport_headers(request)}
    if asset is None:
        return Response(status_code=404, headers=headers)
    lasting = v == asset.version
    headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if lasting else "no-cache"
    return Response(asset.data, headers=headers, media_type=asset.media_type)
