"""A small OTLP collector: real HTTP, the real protocol, everything kept."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


@dataclass(frozen=True)
class Seen:
    """One span as it came."""

    room: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str]
    links: tuple[str, ...]
    failed: bool


class Collector:
    """Listens on loopback while it is entered."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spans(self) -> list[Seen]:
        """Every span so far."""
        return [seen for body in tuple(self.bodies) for seen in _spans(ExportTraceServiceRequest.FromString(body))]


def _spans(request: ExportTraceServiceRequest) -> list[Seen]:
    return [
        Seen(
            _words(group.resource.attributes)["service.name"], span.name, span.trace_id.hex(), span.span_id.hex(),
            span.parent_span_id.hex(), _words(span.attributes), tuple(link.trace_id.hex() for link in span.links),
            span.status.code == span.status.STATUS_CODE_ERROR,
        )
        for group in request.resource_spans for scope in group.scope_spans for span in scope.spans
    ]  # fmt: skip


def _words(attributes: "list[KeyValue]") -> dict[str, str]:
    return {each.key: each.value.string_value or str(each.value.int_value) for each in attributes}
