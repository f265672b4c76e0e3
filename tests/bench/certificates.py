"""A certificate authority that lives as long as a measurement, and a certificate for this machine by it."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


def make(folder: Path) -> tuple[Path, Path]:
    """Returns the server's certificate (its key beside it, `.key`) and the bundle that clients trust.

    The bundle holds the machine's own authorities too, as on Lambda: reading some 140 of them is
    part of a cold start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca, server = folder / "ca.pem", folder / "server.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    _openssl("req", "-x509", *curve, "-keyout", ca.with_suffix(".key"), "-out", ca, "-subj", "/CN=crisguard bench")
    request = folder / "server.csr"
    _openssl(
        "req", *curve[:4], "-nodes", "-keyout", server.with_suffix(".key"), "-out", request, "-subj", "/CN=127.0.0.1"
    )
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key"), "-CAcreateserial"),
        *("-days", "2", "-out", server, "-extfile", names),
    )
    bundle = folder / "bundle.pem"
    system = ssl.get_default_verify_paths().cafile
    bundle.write_text((Path(system).read_text() if system else "") + ca.read_text())
    return server, bundle


def _openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr}")
