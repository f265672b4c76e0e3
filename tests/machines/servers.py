"""A local Security Hub and EventBridge that keep what they are asked."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

REGION = "us-west-2"
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "a secret of these tests", "a token of these tests"

Environ = dict[str, Any]


@dataclass
class Import:
    """One request to import findings, as it came over the wire."""

    headers: dict[str, str]
    body: bytes

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of the request."""
        findings: list[dict[str, Any]] = json.loads(self.body)["Findings"]
        return findings

    def signature(self, url: str) -> str:
        """Signs the request as botocore does, from the same credentials and the headers that were signed."""
        names = self.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
        request = AWSRequest("POST", url, data=self.body, headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = self.headers["x-amz-date"]
        auth = SigV4Auth(Credentials(KEY, SECRET, TOKEN), "securityhub", REGION)
        signature: str = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        return signature


@dataclass
class Servers:
    """Where the servers listen, and what they were sent."""

    url: str
    imports: list[Import] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """Makes a client of a service on these servers."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            aws_session_token=TOKEN,
        )

    def environment(self) -> dict[str, str]:
        """Says what the function's environment must hold to call these servers, and nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_SECURITYHUB": self.url,
            "AWS_ENDPOINT_URL_EVENTBRIDGE": self.url,
        }


@contextmanager
def serving() -> Iterator[Servers]:
    """Serves on a free port of this machine until the block ends."""
    servers = Servers("")
    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Keeps requests to import findings, and hands all of them on."""
        if environ["PATH_INFO"] == "/findings/import":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            names = {name: name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_")}
            headers = {header: environ[name] for name, header in names.items()}
            headers["content-type"] = environ["CONTENT_TYPE"]
            headers["content-length"] = environ["CONTENT_LENGTH"]
            servers.imports.append(Import(headers, body))
        answer: Iterable[bytes] = moto(environ, start_response)
        return answer

    server = make_server("127.0.0.1", 0, application, threaded=True)
    servers.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield servers
    finally:
        server.shutdown()
        thread.join()
