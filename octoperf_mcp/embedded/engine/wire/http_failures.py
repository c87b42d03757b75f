"""What went wrong with an exchange, in the words of the Java client that the skills know.

The texts are those that JMeter writes: diagnosis guides look for them in error rows.
"""

import errno
import socket
import ssl

from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

from octoperf_mcp.embedded.engine.wire.forbidden_addresses import ForbiddenAddressError

ENGINE_FAILURE = "-1"
"""Response code of a sample whose exchange failed."""


class ExchangeFailedError(Exception):
    """An exchange without a complete answer; `message` is Java-like, `sent` tells what went out."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TruncatedAnswerError(Exception):
    """The connection closed within the body."""


class EndlessAnswerError(Exception):
    """More came, or for longer, than the engine waits for.

    Args:
        what: For the message of the sample.
        received: Bytes that came.
    """

    def __init__(self, what: str, received: int) -> None:
        super().__init__(f"{what}, {received} bytes came")
        self.received = received


_CONNECT = "org.apache.http.conn.HttpHostConnectException: Connect to {host}:{port} failed: "
_CONNECT_BY_ERRNO = {
    errno.ECONNREFUSED: _CONNECT + "Connection refused",
    errno.ETIMEDOUT: _CONNECT + "Connection timed out",
    errno.EHOSTUNREACH: "java.net.NoRouteToHostException: No route to host",
    errno.ENETUNREACH: "java.net.ConnectException: Network is unreachable",
    errno.ECONNRESET: "java.net.SocketException: Connection reset",
    errno.EMFILE: "java.net.SocketException: Too many open files",
    errno.EADDRNOTAVAIL: "java.net.NoRouteToHostException: Cannot assign requested address",
}
_EXCHANGE_BY_ERRNO = {
    errno.ECONNRESET: "java.net.SocketException: Connection reset",
    errno.EPIPE: "java.net.SocketException: Broken pipe (Write failed)",
    errno.ETIMEDOUT: "java.net.SocketException: Connection timed out (Read failed)",
    errno.EHOSTUNREACH: "java.net.NoRouteToHostException: No route to host",
}


def connect_failure(error: Exception, host: str, port: int) -> ExchangeFailedError:
    """Why no connection came about."""
    return ExchangeFailedError(_connect_message(error).format(host=host, port=port))


def exchange_failure(error: Exception, host: str, port: int, *, tls: bool) -> ExchangeFailedError:
    """Why an open connection brought no complete answer."""
    return ExchangeFailedError(_exchange_message(error, tls).format(host=host, port=port))


def _connect_message(error: Exception) -> str:
    if isinstance(error, ForbiddenAddressError):
        return _plain(error)
    if isinstance(error, socket.gaierror):
        return "java.net.UnknownHostException: {host}"
    if isinstance(error, ssl.SSLError):
        return _handshake_message(error)
    if isinstance(error, TimeoutError) and error.errno is None:
        return (
            "org.apache.http.conn.ConnectTimeoutException: Connect to {host}:{port} failed: "
            "connect timed out"
        )
    if isinstance(error, OSError) and error.errno in _CONNECT_BY_ERRNO:
        return _CONNECT_BY_ERRNO[error.errno]
    return "java.net.ConnectException: " + _plain(error)


def handshake_failure(error: Exception, host: str, port: int) -> ExchangeFailedError:
    """Why TLS did not come about on a connected socket."""
    return ExchangeFailedError(_handshake_message(error).format(host=host, port=port))


def _handshake_message(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "java.net.SocketTimeoutException: Read timed out"
    ended = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError)
    if ended:
        return "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake"
    if isinstance(error, ssl.SSLError):
        return "javax.net.ssl.SSLHandshakeException: " + _plain(error)
    return "javax.net.ssl.SSLException: " + _plain(error)


def _exchange_message(error: Exception, tls: bool) -> str:
    if isinstance(error, TimeoutError) and error.errno is None:
        return "java.net.SocketTimeoutException: Read timed out"
    if isinstance(error, EndlessAnswerError):
        return _plain(error)
    if isinstance(error, HTTPConnectionClosed):
        return "org.apache.http.NoHttpResponseException: {host}:{port} failed to respond"
    if isinstance(error, TruncatedAnswerError):
        return (
            "org.apache.http.ConnectionClosedException: Premature end of Content-Length "
            "delimited message body"
        )
    if isinstance(error, HTTPParseError):
        return "org.apache.http.client.ClientProtocolException: " + _plain(error)
    if tls and isinstance(error, ConnectionError | ssl.SSLEOFError):
        return "javax.net.ssl.SSLException: Connection reset"
    if isinstance(error, ssl.SSLError):
        return "javax.net.ssl.SSLException: " + _plain(error)
    if isinstance(error, OSError) and error.errno in _EXCHANGE_BY_ERRNO:
        return _EXCHANGE_BY_ERRNO[error.errno]
    return "java.io.IOException: " + _plain(error)


def _plain(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).replace("{", "{{").replace("}", "}}")
