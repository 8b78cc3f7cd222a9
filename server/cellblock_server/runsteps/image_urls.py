"""URLs of images in the format of the Responses API."""

import base64
from collections.abc import Iterable

from cellblock.v1 import execution_pb2, file_pb2
from cellblock_server.common.errors import NotFoundError
from cellblock_server.files.file_service import FileService

GONE = "data:,"
"""URL of an image that has been deleted."""


class ImageUrls:
    """Builds URLs: the configured base and the file's id, or data URLs with the bytes."""

    def __init__(self, files: FileService, base: str) -> None:
        """Use `base`; if it is empty, build data URLs (RFC 2397)."""
        self._files = files
        self._base = base

    async def urls_for(
        self, tenant: str, outputs: Iterable[execution_pb2.Output]
    ) -> dict[str, str]:
        """Return a URL for each image, by its file's id."""
        images = [shown.image for shown in outputs if shown.HasField("image")]
        return {image.id: await self._url(tenant, image) for image in images}

    async def _url(self, tenant: str, image: file_pb2.File) -> str:
        if self._base:
            return self._base + image.id
        try:
            record = await self._files.get(tenant, image.id)
        except NotFoundError:
            return GONE
        data = b"".join([chunk async for chunk in self._files.read(record, 0, 0)])
        return f"data:{record.mime_type};base64,{base64.b64encode(data).decode()}"
