"""The transport: servicers that translate and hold no rules, one pipeline, the gRPC listener."""
