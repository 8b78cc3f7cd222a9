import os

# gRPC's core writes to standard error itself, past our log and its bounds: a line for each TLS
# handshake that a stranger has begun and broken off. It reads this when it is first imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
