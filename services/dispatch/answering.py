"""One HTTP/1.1 answer as its bytes come: head, body by length, by chunks or until the end, packed or not, bounded.

The grammar is llhttp's (https://github.com/nodejs/llhttp, through https://github.com/MagicStack/httptools), strict as
it comes; a byte that does not belong makes the whole answer unusable.
"""

import zlib

import httptools

from services.dispatch.posting import LARGEST, Answer, seconds

#: zlib's window bits for gzip or zlib, whichever it is; HTTP's `deflate` is zlib (RFC 9110, 8.4.1.2).
_ANY_ZLIB = zlib.MAX_WBITS | 32
_PACKED = {b"gzip", b"x-gzip", b"deflate"}
_INTERIM, _SWITCHING = range(100, 200), 101


class BadAnswerError(Exception):
    """What came is no HTTP answer, or more than is read."""


class Answering:
    """Reads the answers of one connection, one after the other."""

    def __init__(self) -> None:
        """Nothing is awaited before `expect`."""
        self._parser = httptools.HttpResponseParser(self)
        self.keep = False
        self.answer: Answer | None = None
        self._received = 0
        self._begin()

    def expect(self) -> None:
        """A request goes out: the next answer is its own."""
        self.keep, self.answer = False, None
        self._received = 0
        self._begin()

    def _begin(self) -> None:
        self._body: list[bytes] = []
        self._retry_after: bytes | None = None
        self._packed: bytes | None = None
        self._measured = self._head_done = False

    def feed(self, data: bytes) -> Answer | None:
        """More bytes; the answer once it is whole.

        Raises:
            BadAnswerError: they are not HTTP, or too many.
        """
        self._received += len(data)
        if self._received > LARGEST:
            raise BadAnswerError
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self.answer is None:
                raise BadAnswerError from error
            self.keep = False  # it was whole before the nonsense began
        return self.answer

    def end(self) -> Answer | None:
        """The server has closed: whole is only an answer that says no length, and whose head has come."""
        if self._head_done and not self._measured and self.answer is None:
            self.keep = False
            self._finish()
        return self.answer

    # --- what the parser calls; what it raises comes out of feed_data as HttpParserCallbackError ---

    def on_message_begin(self) -> None:
        """An answer, or one that nobody asked for."""
        if self.answer is not None:
            raise BadAnswerError
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what is used, of some twenty."""
        match name.lower():
            case b"content-length" | b"transfer-encoding":
                self._measured = True
            case b"content-encoding":
                self._packed = value.strip().lower()
            case b"retry-after":
                self._retry_after = value

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._parser.get_status_code() == _SWITCHING:
            raise BadAnswerError
        self._head_done = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Whole, unless it was `100 Continue` or another answer before the answer."""
        if self._parser.get_status_code() in _INTERIM:
            self._begin()
            return
        self.keep = self._parser.should_keep_alive()
        self._finish()

    def _finish(self) -> None:
        body = b"".join(self._body)
        if self._packed in _PACKED:
            body = _unpacked(body)
        self.answer = Answer(self._parser.get_status_code(), body, seconds(self._retry_after))


def _unpacked(body: bytes) -> bytes:
    """A packed body, unpacked up to what is read."""
    unpacking = zlib.decompressobj(_ANY_ZLIB)
    try:
        plain = unpacking.decompress(body, LARGEST)
    except zlib.error as error:
        raise BadAnswerError from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise BadAnswerError
    return plain
