"""What a server allows, and how much of it."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from limner.errors import UsageError
from limner.shipped import DEFAULT_MODEL, shipped_models

__all__ = ["Settings"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""How this machine calls itself: what only its own programs reach."""
ANY = ("0.0.0.0", "::")  # noqa: S104 - to be recognised
"""Hosts that stand for all addresses of the machine."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a server; the defaults suit one person and a laptop."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8017
    """TCP port; 0 takes a free one."""
    token: str = ""
    """Clients must send it as `Authorization: Bearer TOKEN`; '' asks for none."""
    open_to_all: bool = False
    """Serve other machines without a token."""
    allowed_hosts: tuple[str, ...] = ()
    """Further names under which clients may address the server, as behind a reverse proxy."""
    model: str = DEFAULT_MODEL
    """Default model: a shipped name, or an `.onnx` file."""
    better: str = ""
    """A slower model that the page asks when the pen rests; '' for none."""
    max_body: int = 32_000_000
    """Largest request body in bytes."""
    max_bodies: int = 256_000_000
    """Bytes of all bodies in memory; requests that bring more get a 503."""
    max_pixels: int = 40_000_000
    """Largest picture in pixels."""
    pixels_at_once: int = 120_000_000
    """Pixels of all pictures in memory, 3 bytes each as they are read, and up to 45 while a face is
    pasted back; further pictures wait."""
    max_pictures: int = 64
    """Most pictures in a request."""
    rate: float = 0.0
    """Requests a second that one client may send, on average over ten seconds; 0 is no limit."""
    timeout: float = 30.0
    """Seconds for a request, its body included."""
    silence: float = 10.0
    """Seconds after which a connection that has said nothing is closed."""
    connections: int = 512
    """Connections at once; further ones get a 503."""
    queue: int = 64
    """Requests at once; further ones get a 503."""
    batch: int = 8
    """Most faces that go through the network together."""
    threads: int = 0
    """Threads that read and align pictures; 0 takes one for each core."""

    def __post_init__(self) -> None:
        if not self.is_local and not self.token and not self.open_to_all:
            raise UsageError(
                f"--host {self.host} lets other machines in: give them a key with --token, or say "
                "--open-to-all"
            )
        if self.token and not all(0x21 <= ord(character) < 0x7F for character in self.token):
            raise UsageError("--token must be of printable ASCII characters without spaces")
        for name, least in (
            ("port", 0),
            ("max_body", 1),
            ("max_bodies", 1),
            ("max_pixels", 1),
            ("pixels_at_once", 1),
            ("max_pictures", 1),
            ("rate", 0),
            ("connections", 1),
            ("queue", 1),
            ("batch", 1),
            ("threads", 0),
        ):
            value = getattr(self, name)
            if not value >= least:
                raise UsageError(f"{name} is {value}; it must be at least {least}")
        for name in ("timeout", "silence"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be above 0 seconds")
        if self.port > 65535:
            raise UsageError(f"port is {self.port}; it must be 0 to 65535")
        if self.better and self.better_name == self.model_name:
            raise UsageError(
                f"the better model has the name of the default one, '{self.model_name}'; name "
                "another model with --better, or rename its file"
            )

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK

    @property
    def model_name(self) -> str:
        """Name of the default model, as clients ask for it."""
        return _name_of(self.model)

    @property
    def better_name(self) -> str:
        """Name of the better model; '' for none."""
        return _name_of(self.better) if self.better else ""


def _name_of(model: str) -> str:
    """How clients ask for a model.

    That of a file is without its folder, which is nobody's business. A file that is named as a
    shipped model keeps its suffix, so that clients can have either.
    """
    shipped = shipped_models()
    if model in shipped:
        return model
    file = Path(model)
    return file.name if file.stem in shipped else file.stem
