"""A gRPC-web client as in browsers: binary frames in the body of a POST, the last one with the trailers."""

from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import httpx
from google.protobuf.message import Message

from tests.problems import Json, status_json

Answer = TypeVar("Answer", bound=Message)

_PREFIX = 5
_TRAILERS = 0x80
_STATUS, _DETAILS = "grpc-status", "grpc-status-details-bin"


@dataclass
class GrpcWebError(Exception):
    """A failed call with gRPC code, message and details as JSON."""

    code: int
    message: str
    status: Json

    @property
    def reason(self) -> str:
        """Return the reason in the ErrorInfo."""
        found = [item["reason"] for item in self.status.get("details", ()) if item["@type"].endswith("ErrorInfo")]
        return str(found[0]) if found else ""


@dataclass(frozen=True, slots=True)
class GrpcWeb:
    """Calls by method path, e.g. `/chatly.auth.v1.UserService/GetMe`."""

    client: httpx.AsyncClient
    headers: Mapping[str, str]

    async def unary(self, path: str, request: Message, answers: type[Answer]) -> Answer:
        """Return the response; raise GrpcWebError."""
        (answer,) = [answer async for answer in self.stream(path, request, answers)]
        return answer

    async def stream(self, path: str, request: Message, answers: type[Answer]) -> AsyncGenerator[Answer, None]:
        """Yield each response; raise GrpcWebError, also at the end of a stream that began well."""
        data = request.SerializeToString()
        headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1", **self.headers}
        body = b"\0" + len(data).to_bytes(4, "big") + data
        async with self.client.stream("POST", path, content=body, headers=headers) as response:
            if response.status_code != httpx.codes.OK or _STATUS in response.headers:
                _raise_unless_ok(response.headers)
                raise GrpcWebError(-1, f"HTTP {response.status_code}", {})
            async for flags, payload in _frames(response.aiter_bytes()):
                if flags & _TRAILERS:
                    _raise_unless_ok(_trailers(payload))
                    return
                yield answers.FromString(payload)
        raise GrpcWebError(-1, "the body ended without trailers", {})


async def _frames(pieces: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    held = bytearray()
    async for piece in pieces:
        held += piece
        while len(held) >= _PREFIX and len(held) >= (end := _PREFIX + int.from_bytes(held[1:_PREFIX], "big")):
            yield held[0], bytes(held[_PREFIX:end])
            del held[:end]


def _trailers(payload: bytes) -> Mapping[str, str]:
    lines = (line.partition(":") for line in payload.decode().splitlines() if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def _raise_unless_ok(trailers: Mapping[str, str]) -> None:
    code = int(trailers.get(_STATUS, "0"))
    if code:
        details = trailers.get(_DETAILS, "")
        raise GrpcWebError(
            code, trailers.get("grpc-message", ""), status_json(b64decode(details + "=" * (-len(details) % 4)))
        )
