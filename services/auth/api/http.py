"""What auth's HTTP door serves: the public keys, for the edge."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.auth.jwks import GetJwks

# Shorter than a new key is published before it signs.
_CACHE = {"cache-control": "public, max-age=60"}


def jwks_route(get_jwks: GetJwks) -> Route:
    """`GET /.well-known/jwks.json`, as in RFC 7517."""

    async def serve(_: Request) -> Response:
        return JSONResponse({"keys": get_jwks.keys()}, headers=_CACHE)

    return Route("/.well-known/jwks.json", serve)
