"""The gRPC servicers, interceptors and listener: they translate and hold no rules."""
