"""A deployment whose log has something in it."""

from pathlib import Path

from tests.builders import OPERATOR, SHIPMENT
from tests.integration.api.scene import Scene, set_scene
from tests.integration.api.service import open_service


async def prove_one(database_url: str, directory: Path) -> tuple[bytes, bytes]:
    async with open_service(database_url, directory) as service:
        scene: Scene = await set_scene(service)
        answer = await service.get(f"/v1/notifications/{scene.sms}/proof")
        return answer.content, (await service.client.get("/log/vkey")).content


async def state_one(database_url: str, directory: Path) -> tuple[bytes, bytes]:
    """A statement about the shipment of that deployment, and the file with the keys of its log."""
    async with open_service(database_url, directory) as service:
        await set_scene(service)
        answer = await service.get(f"/v1/shipments/{OPERATOR}/{SHIPMENT}/statement")
        return answer.content, (await service.client.get("/log/vkey")).content
