"""`/v1/audit/exports`: ask, watch, fetch in pieces, delete."""

import io
import json
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import httpx

from app.domain.access import Scope
from tests.builders import OPERATOR, RECIPIENT, SHIPMENT
from tests.integration.api.scene import Scene, set_scene, until
from tests.integration.api.service import OTHER_OPERATOR, Service
from tests.second_verifier import verify

WANTED = {"operator": OPERATOR, "kind": "notice_left", "reason": "complaint 17/2026"}


async def ask(service: Service, *, key: dict[str, str] | None = None, **wanted: Any) -> httpx.Response:
    return await service.client.post("/v1/audit/exports", json=wanted, headers=key or service.admin)


async def written(service: Service, **changes: Any) -> str:
    """The path of an export that is done."""
    answer = await ask(service, **(WANTED | changes))
    assert answer.status_code == 202, answer.text
    path = f"/v1/audit/exports/{answer.json()['export']}"

    async def is_written() -> bool:
        return bool((await service.get(path)).json()["state"] == "done")

    await until(is_written)
    return path


async def fetch(service: Service, path: str, **headers: str) -> httpx.Response:
    return await service.client.get(f"{path}/file", headers={**service.admin, **headers})


async def test_an_export_is_asked_for_watched_and_fetched(service: Service) -> None:
    scene: Scene = await set_scene(service)
    path = await written(service)
    state = (await service.get(path)).json()
    file = await fetch(service, path)
    assert (state["notifications"], state["written"], state["size"]) == (2, 2, len(file.content))
    assert file.headers["Content-Type"] == "application/zip"
    vkeys = (await service.get("/log/vkey")).text.split()
    with ZipFile(io.BytesIO(file.content)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        assert [each["notification"] for each in manifest["notifications"]] == [scene.email, scene.sms]
        assert all(verify(packed.read(each["file"]), vkeys).accepted for each in manifest["notifications"])


async def test_a_download_that_was_broken_off_goes_on(service: Service) -> None:
    await set_scene(service)
    path = await written(service)
    whole = await fetch(service, path)
    size = len(whole.content)
    ranges = {"bytes=0-0": (0, 1), f"bytes=1000-{size}": (1000, size), "bytes=5000-5999": (5000, 6000)}
    ranges |= {"bytes=7-": (7, size), "bytes=-22": (size - 22, size), f"bytes=-{size + 1}": (0, size)}
    for asked, (start, end) in ranges.items():
        part = await fetch(service, path, Range=asked, **{"If-Range": whole.headers["ETag"]})
        assert part.content == whole.content[start:end], asked
        assert int(part.headers["Content-Length"]) == end - start
        if (start, end) != (0, size):
            assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes {start}-{end - 1}/{size}")


async def test_what_is_no_range_of_this_file_gives_the_whole_or_says_so(service: Service) -> None:
    await set_scene(service)
    path = await written(service)
    whole = await fetch(service, path)
    for headers in (
        {"Range": "bytes=9-3"},
        {"Range": "lines=0-3"},
        {"Range": "bytes=0-1,3-4"},
        {"Range": "bytes=0-1", "If-Range": '"another"'},
    ):
        answer = await fetch(service, path, **headers)
        assert (answer.status_code, answer.content) == (200, whole.content), headers
    for beyond in (f"bytes={len(whole.content)}-", "bytes=-0"):
        refused = await fetch(service, path, Range=beyond)
        assert (refused.status_code, refused.headers["Content-Range"]) == (416, f"bytes */{len(whole.content)}")


async def test_a_file_is_written_anew_when_somebody_in_it_was_erased(service: Service) -> None:
    await set_scene(service)
    path = await written(service)
    etag = (await fetch(service, path)).headers["ETag"]
    erased = await service.client.delete(f"/v1/recipients/{OPERATOR}/{RECIPIENT}", headers=service.admin)
    assert erased.status_code == 204
    refused = await fetch(service, path)
    assert (refused.status_code, "Retry-After" in refused.headers) == (409, True)

    async def is_there_again() -> bool:
        return (await fetch(service, path)).status_code == 200

    await until(is_there_again)
    again = await fetch(service, path)
    assert again.headers["ETag"] != etag
    with ZipFile(io.BytesIO(again.content)) as packed:
        bundles = [json.loads(packed.read(name)) for name in packed.namelist() if name.startswith("bundles/")]
    assert bundles
    assert all(fact["openings"] == {} for bundle in bundles for fact in bundle["facts"])


async def test_a_deleted_export_is_gone(service: Service) -> None:
    path = await written(service)
    assert (await service.client.delete(path, headers=service.admin)).status_code == 204
    assert (await service.client.delete(path, headers=service.admin)).status_code == 404
    assert (await service.get(path)).status_code == 404
    assert (await fetch(service, path)).status_code == 404


async def test_another_operators_export_looks_like_none(service: Service) -> None:
    path = await written(service)
    stranger = await service.key(Scope.PROOFS_READ, operators=(OTHER_OPERATOR,))
    for method, place in (("GET", path), ("GET", f"{path}/file"), ("DELETE", path)):
        foreign = await service.client.request(method, place, headers=stranger)
        missing = await service.client.request(
            method, place.replace(path.rsplit("/", 1)[1], str(uuid4())), headers=stranger
        )
        assert (foreign.status_code, foreign.content) == (404, missing.content)
    assert (await ask(service, key=stranger, **WANTED)).status_code == 403
    assert (await service.get(path)).status_code == 200


async def test_an_export_without_operator_or_reason_is_refused(service: Service) -> None:
    for wanted, pointer in (
        ({"reason": "why"}, "/operator"),
        ({"operator": OPERATOR}, "/reason"),
        ({"operator": OPERATOR, "reason": "why", "open": ["secrets"]}, "/open/0"),
        ({"operator": OPERATOR, "reason": "why", "limit": 5}, ""),
    ):
        answer = await ask(service, **wanted)
        assert answer.status_code == 422
        assert pointer in [each["pointer"] for each in answer.json()["errors"]], wanted


async def test_only_the_fields_that_are_asked_for_are_opened(service: Service) -> None:
    await set_scene(service)
    path = await written(service, shipment=SHIPMENT, open=["contact"])
    with ZipFile(io.BytesIO((await fetch(service, path)).content)) as packed:
        bundles = [json.loads(packed.read(name)) for name in packed.namelist() if name.startswith("bundles/")]
    opened = {name for bundle in bundles for fact in bundle["facts"] for name in fact["openings"]}
    assert opened == {"contact"}
