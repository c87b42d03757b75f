"""The sockets of a server: bound before anything depends on their address, closed without loss."""

import ctypes
import socket
import struct
import sys
from typing import Final

from octoperf_mcp.errors import ConfigError

BACKLOG: Final = 1024

_SO_ATTACH_FILTER: Final = 26
_DROP_SYN: Final = (
    (0x30, 0, 0, 13),  # the flags of the TCP header
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone asks for a connection
    (0x06, 0, 0, 0),  # that is dropped
    (0x06, 0, 0, 0xFFFFFFFF),  # everything else passes
)
"""A classic BPF program, as socket(7) takes it: code, jump if true, jump if false, operand."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that has its address and does not listen yet.

    Raises:
        ConfigError: the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"{host}:{port} cannot be used: {error.strerror or error}. "
            "Another server may run there; --port 0 takes a free port."
        ) from error
    listener.setblocking(False)
    return listener


def origin_of(listener: socket.socket, host: str, scheme: str) -> str:
    """How this machine's own clients name it."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    named = f"[{reachable}]" if ":" in reachable else reachable
    return f"{scheme}://{named}:{listener.getsockname()[1]}"


def take_no_more(listener: socket.socket) -> None:
    """Leave new connections unanswered, so that nobody stands in line when the socket closes.

    Closing resets who had connected and was not accepted yet: a proxy that had sent a call may not
    send it elsewhere. Who is left unanswered asks again, finds the socket closed, and may. Where
    the kernel has no such filter the few microseconds between the last look and the end remain.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in _DROP_SYN))
    described = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(program))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
