"""How openapi.yaml describes the body of a recipient."""

import json

from fastapi import FastAPI

from app.api import recipients
from tests.integration.recipients_service import CONTRACT_EXAMPLE


def test_the_description_of_the_body_stands_on_its_own() -> None:
    app = FastAPI()
    app.include_router(recipients.router)
    put = app.openapi()["paths"]["/v1/recipients/{operator}/{recipient}"]["put"]
    schema = put["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in json.dumps(schema)
    assert set(schema["properties"]) == {*CONTRACT_EXAMPLE, "letters", "safety_phrase"}
    contact = schema["properties"]["contact_points"]["items"]["properties"]
    assert set(contact) == {"channel", "value", "verified", "method"}
