"""HTTP API of auth. It serves the public keys to the edge."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.auth.keys import GetJwks

# The time is shorter than PUBLISHED_AHEAD, so that a cached response contains the key that signs now.
_CACHE = {"cache-control": "public, max-age=60"}


def jwks_route(get_jwks: GetJwks) -> Route:
    """Return the route `GET /.well-known/jwks.json` (RFC 7517)."""

    async def serve(_: Request) -> Response:
        return JSONResponse({"keys": get_jwks.keys()}, headers=_CACHE)

    return Route("/.well-known/jwks.json", serve)
