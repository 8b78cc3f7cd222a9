"""Configuration of metrics and traces."""

from pydantic import Field, model_validator

from cellblock_server.config.loopback import is_loopback
from cellblock_server.config.values import Section


class Telemetry(Section):
    """Metrics and traces. They never have code, file contents or variables' values."""

    metrics_listen: str = Field(
        "",
        description="`host:port` where Prometheus reads `/metrics`, over HTTP and without a key; "
        "see [monitoring](../operate/monitoring.md). Empty: nowhere. "
        "An address that other machines can "
        "reach is refused unless `metrics_public`.",
    )
    metrics_public: bool = Field(
        False,
        description="Let other machines read the metrics. There is no key for them: keep the "
        "address within a network that you trust.",
    )
    otlp_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        description="Where traces go, as OTLP over gRPC: `http://host:4317`, or `https://…`. "
        "Empty: there are none. The usual `OTEL_…` variables say the rest.",
    )

    @model_validator(mode="after")
    def _well_formed(self) -> "Telemetry":
        if not self.metrics_listen:
            return self
        host, _, port = self.metrics_listen.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"metrics_listen: must be host:port, got {self.metrics_listen!r}")
        if not self.metrics_public and not is_loopback(host.strip("[]")):
            raise ValueError(
                f"metrics_listen: {host!r} is not a loopback address: anyone who reaches it could "
                "read how much is run here; set telemetry.metrics_public = true"
            )
        return self
