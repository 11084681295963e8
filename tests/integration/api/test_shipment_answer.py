"""`GET /v1/shipments/{operator}/{shipment}`: everything that support needs in one call."""

from tests.builders import OPERATOR, SHIPMENT
from tests.integration.api.scene import set_scene
from tests.integration.api.service import Service


async def test_a_shipment_that_was_reported_is_answered(service: Service) -> None:
    await set_scene(service)
    answer = await service.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}")
    assert answer.status_code == 200
