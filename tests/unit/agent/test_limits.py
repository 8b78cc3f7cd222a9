"""What one execution may show: nothing passes a bound, and what is dropped is counted."""

from hypothesis import given
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.limits import ERROR_BYTES, EVENT_BYTES, OutputMeter


def text(words: str) -> pb.Event:
    return pb.Event(stream_text=pb.StreamText(name=pb.STREAM_NAME_STDOUT, text=words))


def rich(**data: bytes) -> pb.Event:
    bundle = {kind.replace("_", "/"): value for kind, value in data.items()}
    return pb.Event(rich=pb.Rich(kind=pb.RICH_KIND_DISPLAY, data=bundle))


def meter(text_bytes: int = 1000, image_bytes: int = 100, images: int = 2) -> OutputMeter:
    return OutputMeter(text_bytes, image_bytes, images)


@given(st.lists(st.text("aé漢😀", max_size=50), max_size=30), st.integers(1, 200))
def test_text_is_cut_at_the_bound_and_the_rest_counted(words: list[str], bound: int) -> None:
    limited = meter(bound)
    kept = "".join(event.stream_text.text for word in words for event in limited.admit(text(word)))
    whole = "".join(words).encode()
    assert len(kept.encode()) <= bound
    assert len(kept.encode()) + limited.omitted_bytes == len(whole)
    cut = limited.cut_event()
    assert (cut is None) == (limited.omitted_bytes == 0)


def test_a_value_that_does_not_fit_is_dropped_whole() -> None:
    limited = meter(500)
    assert limited.admit(rich(text_plain=b"x" * 600)) == []
    assert limited.omitted_bytes == 600 + EVENT_BYTES
    assert len(limited.admit(rich(text_plain=b"x" * 100))) == 1


def test_empty_events_are_not_free() -> None:
    limited = meter(10 * EVENT_BYTES)
    event = pb.Event(clear_output=pb.ClearOutput())
    assert sum(len(limited.admit(event)) for _ in range(1000)) == 10


def test_images_do_not_count_as_text_but_have_bounds_of_their_own() -> None:
    limited = meter()
    assert len(limited.admit(rich(image_png=b"x" * 100))) == 1
    (notice,) = limited.admit(rich(image_png=b"x" * 101))
    assert notice.stream_text.text == "[image/png: left out, 101 bytes are more than 100]\n"
    limited.admit(rich(image_png=b"x"))
    (notice,) = limited.admit(rich(image_png=b"x"))
    assert "there were 2 images already" in notice.stream_text.text


def test_an_exception_is_shown_even_when_the_text_is_full() -> None:
    limited = meter(10)
    limited.admit(text("x" * 100))
    error = pb.Error(name="E", value="v" * 10**6, traceback=["a" * 10**6, "b" * 1000])
    (event,) = limited.admit(pb.Event(error=error))
    assert event.error.name == "E"
    assert len(event.error.value) == ERROR_BYTES
    assert sum(map(len, event.error.traceback)) <= ERROR_BYTES
    assert event.error.traceback[-1] == "b" * 1000  # the end tells most
