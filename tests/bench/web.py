"""A small HTTP server in one thread, plain or over TLS: the floor under the stand-in for AWS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request, with its header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/x-amz-json-1.0"),)


Handler = Callable[[Request], Response]


class _Connection(asyncio.Protocol):
    """Reads requests, and answers each before the next."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._received = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._expected = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers every request that is complete."""
        self._received += data
        while (request := self._request()) is not None:
            response = self._handle(request)
            lines = [f"HTTP/1.1 {response.status} {'OK' if response.status < 300 else 'Error'}"]
            lines += [f"{name}: {value}" for name, value in response.headers]
            lines += [f"content-length: {len(response.body)}", "x-amzn-requestid: 0", "", ""]
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write("\r\n".join(lines).encode("latin-1") + response.body)
            if request.headers.get("connection") == "close":
                self._transport.close()

    def _request(self) -> Request | None:
        if self._head is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return None
            lines = self._received[:end].decode("latin-1").split("\r\n")
            del self._received[: end + 4]
            method, path, _ = lines[0].split(" ")
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            if headers.get("expect") == "100-continue":
                assert isinstance(self._transport, asyncio.WriteTransport)
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._head = (method, path, headers)
            self._expected = int(headers.get("content-length", "0"))
        if len(self._received) < self._expected:
            return None
        method, path, headers = self._head
        body = bytes(self._received[: self._expected])
        del self._received[: self._expected]
        self._head = None
        return Request(method, path, headers, body)


async def serve(handle: Handler, announce: Callable[[int], None], tls: ssl.SSLContext | None = None) -> None:
    """Serves on a free port of this machine until it is cancelled; tells the port first."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(handle), "127.0.0.1", 0, ssl=tls)
    announce(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()
