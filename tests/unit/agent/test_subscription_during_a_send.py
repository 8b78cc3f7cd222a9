"""A subscription that reaches the kernel's output socket while its thread sends is welcomed.

Sending takes the descriptor's only notice that something can be read (ZeroMQ's documentation of
`ZMQ_FD`). The agent waits for the welcome: a kernel start whose welcome is lost hangs.
"""

import select
import threading
from pathlib import Path

import zmq
from jupyter_client.session import Session

from cellblock_agent.kernel.publisher import Publisher

WAIT_SECONDS = 20
POLL_MILLISECONDS = 50


def test_subscription_whose_notice_a_send_has_taken_is_welcomed(tmp_path: Path) -> None:
    address = f"ipc://{tmp_path / 'output'}"
    with zmq.Context() as context, zmq.Context() as other, other.socket(zmq.SUB) as reader:
        output = context.socket(zmq.XPUB)
        output.linger = 0
        output.bind(address)
        publisher = Publisher(output, session=Session(key=b"key"))
        sent = threading.Event()

        def subscribe_and_send() -> None:
            """Run in the publisher's thread, which can't look at its socket meanwhile."""
            reader.subscribe(b"")
            reader.connect(address)
            # What arrives was sent after the socket had taken the subscription in.
            while not reader.poll(POLL_MILLISECONDS):
                output.send_multipart([b"status"])
            while select.select([output.fileno()], [], [], 0)[0]:
                output.send_multipart([b"status"])
                select.select([output.fileno()], [], [], POLL_MILLISECONDS / 1000)
            sent.set()

        publisher.start()  # type: ignore[no-untyped-call]
        try:
            _wait_until_quiet(publisher)
            publisher.schedule(subscribe_and_send)
            assert sent.wait(WAIT_SECONDS)
            reader.rcvtimeo = WAIT_SECONDS * 1000
            while not any(b"iopub_welcome" in frame for frame in reader.recv_multipart()):
                pass
        finally:
            publisher.stop()  # type: ignore[no-untyped-call]
            output.close()


def _wait_until_quiet(publisher: Publisher) -> None:
    """Wait until the thread has handled what came with its start."""
    for _turn in range(5):
        done = threading.Event()
        publisher.schedule(done.set)
        assert done.wait(WAIT_SECONDS)
