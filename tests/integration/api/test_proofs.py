"""The proof of a notification: as a bundle, a court pack and a statement, with the fields that were asked for."""

import io
import json
from pathlib import Path
from urllib.parse import quote
from zipfile import ZipFile

import httpx
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from app import worker
from app.domain.access import Scope
from app.evidence.verifier import Verdict, parse_vkeys, verify_bundle
from tests.builders import PHONE
from tests.integration.api.scene import Scene, set_scene
from tests.integration.api.service import Service, fresh_event, open_service
from tests.second_verifier import verify

# What it does to rows is tried on both engines where that is done; this, which takes long, on one.
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def proof(scene: Scene, query: str = "", **headers: str) -> httpx.Response:
    path = f"/v1/notifications/{scene.sms}/proof{query}"
    key = await scene.service.key(Scope.PROOFS_READ)
    return await scene.service.client.get(path, headers={**key, **headers})


async def vkeys(service: Service) -> str:
    return (await service.client.get("/log/vkey")).text


async def test_both_verifiers_accept_the_proof_under_the_published_keys(service: Service) -> None:
    scene = await set_scene(service)
    keys = await vkeys(service)
    answer = await proof(scene)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    report = verify_bundle(answer.content, vkeys=parse_vkeys(keys))
    assert report.verdict is Verdict.VERIFIED, report.checks
    assert verify(answer.content, keys.split()).accepted


@pytest.mark.parametrize("query", ["?opne=none", "?open[]=none", "?open=none&open=contact", "?open=none&x=1"])
async def test_a_query_that_is_not_understood_opens_nothing(service: Service, query: str) -> None:
    answer = await proof(await set_scene(service), query)
    assert answer.status_code == 422
    assert "facts" not in answer.json()


async def test_a_proof_reveals_exactly_the_fields_that_were_asked_for(service: Service) -> None:
    scene = await set_scene(service)
    keys = (await vkeys(service)).split()
    for query, opened in (
        ("?open=none", set()),
        ("?open=", set()),
        ("?open=contact", {"contact"}),
        ("?open=contact,content", {"contact", "content"}),
        ("?open=receipt", set()),
        ("", {"contact", "content", "recipient", "shipment", "event", "provider_reply", "provider_id"}),
    ):
        answer = await proof(scene, query)
        bundle = json.loads(answer.content)
        shown = {name for fact in bundle["facts"] for name in fact["openings"]}
        assert shown <= opened
        assert (query, "contact" in shown) == (query, "contact" in opened)
        assert (PHONE in answer.text) == ("contact" in opened)
        assert verify(answer.content, keys).accepted


async def test_a_field_that_no_fact_has_is_422(service: Service) -> None:
    scene = await set_scene(service)
    for names in ("nothing", "contact,", "contact,none", "CONTACT", "%00", "x" * 201, quote("contact, content")):
        answer = await proof(scene, f"?open={names}")
        assert (names, answer.status_code) == (names, 422)


async def test_the_accept_field_chooses_between_bundle_and_court_pack(service: Service) -> None:
    scene = await set_scene(service)
    for accept, status, media_type in (
        ("application/json", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("application/*;q=0.1", 200, "application/json"),
        ("text/html, */*;q=0.1", 200, "application/json"),
        ("application/zip", 200, "application/zip"),
        ("application/zip, */*;q=0.1", 200, "application/zip"),
        ("application/json;q=0.5, application/zip", 200, "application/zip"),
        ("application/pdf", 200, "application/pdf"),
        ("application/xml", 406, "application/problem+json"),
        ("text/html, image/*;q=0.5", 406, "application/problem+json"),
        ("application/json;q=0", 406, "application/problem+json"),
    ):
        answer = await proof(scene, Accept=accept)
        assert (accept, answer.status_code, answer.headers["content-type"]) == (accept, status, media_type)


async def test_the_court_pack_is_a_file_named_after_its_notification(service: Service) -> None:
    scene = await set_scene(service)
    answer = await proof(scene, Accept="application/zip")
    assert answer.headers["content-disposition"] == f'attachment; filename="awizo-{scene.sms}.zip"'
    assert answer.headers["vary"] == "Accept, Accept-Language"
    with ZipFile(io.BytesIO(answer.content)) as pack:
        assert pack.testzip() is None
        assert PHONE.encode() == pack.read("facts/00/fields/contact.bin")
        assert pack.read("statement.pdf").startswith(b"%PDF-")
        report = verify_bundle(pack.read("bundle.json"), vkeys=parse_vkeys(await vkeys(service)))
    assert report.verdict is Verdict.VERIFIED, report.checks


async def test_the_statement_is_a_signed_pdf_in_the_language_that_was_asked_for(service: Service) -> None:
    scene = await set_scene(service)
    for language, expected in (("", "pl"), ("en-GB", "en"), ("uk", "pl")):
        answer = await proof(scene, Accept="application/pdf", **{"Accept-Language": language})
        assert (answer.status_code, answer.headers["content-language"]) == (200, expected)
        assert answer.headers["content-disposition"] == f'attachment; filename="awizo-{scene.sms}.pdf"'
        assert answer.headers["vary"] == "Accept, Accept-Language"
        reader = PdfFileReader(io.BytesIO(answer.content))
        assert reader.root["/Lang"] == expected
        assert len(reader.embedded_signatures) == 1
        attached = reader.root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"]["/F"].data
        assert verify(attached, (await vkeys(service)).split()).accepted


async def test_a_statement_reveals_exactly_the_fields_that_were_asked_for(service: Service) -> None:
    scene = await set_scene(service)
    answer = await proof(scene, "?open=none", Accept="application/pdf")
    attached = PdfFileReader(io.BytesIO(answer.content)).root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"]["/F"].data
    assert all(fact["openings"] == {} for fact in json.loads(attached)["facts"])


async def test_a_court_pack_reveals_exactly_the_fields_that_were_asked_for(service: Service) -> None:
    scene = await set_scene(service)
    for query, opened in (("?open=none", []), ("?open=content", ["facts/01/fields/content.bin"])):
        answer = await proof(scene, query, Accept="application/zip")
        with ZipFile(io.BytesIO(answer.content)) as pack:
            assert [name for name in pack.namelist() if "/fields/" in name and name.endswith(".bin")] == opened
        assert PHONE.encode() not in answer.content


async def test_before_anything_is_published_there_is_no_proof_yet(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SEAL_SECONDS", 60)
    async with open_service(database_url, tmp_path) as service:
        await service.register()
        told = (await service.post(fresh_event())).json()["notifications"]
        path = f"/v1/notifications/{told[0]['id']}/proof"
        early = await service.get(path)
        assert (early.status_code, early.headers["retry-after"]) == (409, "1")
        assert (await service.get(path.removesuffix("/proof"))).json()["facts"]["published"] == 0
    async with open_service(database_url, tmp_path) as service:  # stopping sealed what was pending
        assert (await service.get(path)).status_code == 200
