"""Serves the built web client, with its caching and its content security policy."""

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_NAMED_BY_CONTENT = "assets/"


class WebClient(StaticFiles):
    """Serves a built web client.

    The path of any page returns index.html. A missing file or an unknown REST path is not found.
    """

    def __init__(self, dist: Path) -> None:
        super().__init__(directory=dist, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, or index.html if the path is a page."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND or not _is_page(path):
                raise
            response = await super().get_response("index.html", scope)
        immutable = path.startswith(_NAMED_BY_CONTENT) and response.status_code < HTTPStatus.BAD_REQUEST
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY
        return response


def _is_page(path: str) -> bool:
    """Return whether a path is a page.

    A name with a suffix is a file, because a missing script must not become HTML.
    """
    first, _, _ = path.partition("/")
    return first != "api" and "." not in path.rsplit("/", 1)[-1]
