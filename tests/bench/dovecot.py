"""Dovecot on loopback with many mailboxes, for the benchmark and the longer test.

TLS with a certificate of its own; anybody signs in with one password, or by XOAUTH2
with a token that Dovecot checks itself (a JWT). All in a directory that goes with it.
Raises FileNotFoundError where it is not installed. Source: Dovecot 2.3 documentation.
"""

from __future__ import annotations

import base64
import hmac
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

PASSWORD = "secret"
KEY = b"k" * 32
PATIENCE_S = 10.0

CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
ssl = yes
ssl_cert = <{root}/cert.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain xoauth2
first_valid_uid = 1
mail_location = maildir:{root}/mail/%u
mail_max_userip_connections = 1000
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {root}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={root}/mail/%u
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service imap {{
  service_count = 100
}}
"""
OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={root}/keys/
username_attribute = sub
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A server that runs."""

    port: int
    root: Path

    @property
    def authority(self) -> Path:
        """Tell who vouches for its certificate."""
        return self.root / "authority.pem"

    def lay(self, user: str, name: str, raw: bytes) -> None:
        """Lay a mail into somebody's inbox."""
        folder = self.root / "mail" / user / "new"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)

    def settle(self) -> None:
        """Give all that was laid to the user that Dovecot reads as."""
        for path in [self.root / "mail", *(self.root / "mail").rglob("*")]:
            shutil.chown(path, "nobody", "nogroup")


def token(user: str, key: bytes = KEY) -> str:
    """Make an access token of a user: a JWT with HS256."""
    parts = [
        {"alg": "HS256", "typ": "JWT"},
        {"sub": user, "iat": int(time.time()) - 10, "exp": int(time.time()) + 3600},  # noqa: TID251 - Dovecot's clock
    ]
    said = b".".join(_base64(json.dumps(part).encode()) for part in parts)
    return (said + b"." + _base64(hmac.digest(key, said, "sha256"))).decode()


def _base64(octets: bytes) -> bytes:
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Start it; needs the rights to read mail as another user."""
    program = shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        raise FileNotFoundError("dovecot is not installed (apt install dovecot-imapd)")
    with tempfile.TemporaryDirectory(prefix="outreachd-dovecot-") as directory:
        root = Path(directory)
        root.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _set_up(root, port)
        command = [program, "-F", "-c", str(root / "dovecot.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _wait_for(port)
                yield Dovecot(port, root)
            finally:
                process.terminate()


def _set_up(root: Path, port: int) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(root / "authority.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(str(root / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(root / "cert.pem"))
    keys = root / "keys" / "default" / "HS256"
    keys.mkdir(parents=True)
    (keys / "default").write_bytes(base64.b64encode(KEY))
    (root / "mail").mkdir()
    values = {"root": root, "port": port, "password": PASSWORD}
    (root / "oauth2.conf").write_text(OAUTH2.format(**values))
    (root / "dovecot.conf").write_text(CONF.format(**values))


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S  # noqa: TID251 - a process of its own
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if time.monotonic() > until:  # noqa: TID251
                raise
            time.sleep(0.05)
        else:
            return
