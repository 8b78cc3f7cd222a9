"""Limits of one execution's output: no event passes a limit, and dropped bytes are counted."""

from hypothesis import given
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.exception_text import MAX_BYTES
from cellblock_agent.output.limits import OutputMeter
from tests.support.agent import output_limits
from tests.support.pictures import gif

OUT, ERR = pb.STREAM_NAME_STDOUT, pb.STREAM_NAME_STDERR


def text(words: str, name: pb.StreamName.ValueType = OUT) -> pb.Event:
    return pb.Event(stream_text=pb.StreamText(name=name, text=words))


def rich(**data: bytes) -> pb.Event:
    bundle = {kind.replace("_", "/"): value for kind, value in data.items()}
    return pb.Event(rich=pb.Rich(kind=pb.RICH_KIND_DISPLAY, data=bundle))


def shown(limits: pb.OutputLimits, events: list[pb.Event]) -> list[pb.Event]:
    """Return all events that pass the meter."""
    meter = OutputMeter(limits)
    reported: list[pb.Event] = []
    for event in events:
        for admitted in meter.admit(event):
            reported.append(admitted)
            meter.count_event()
    return reported + meter.finish()


def text_of(events: list[pb.Event]) -> str:
    return "".join(event.stream_text.text for event in events)


def cuts(events: list[pb.Event]) -> list[pb.OutputCut]:
    return [event.output_cut for event in events if event.HasField("output_cut")]


streams = st.sampled_from([OUT, ERR])
pieces = st.lists(st.tuples(st.text("aé漢😀", max_size=50), streams), max_size=40)


@given(pieces, st.integers(4, 400))
def test_the_beginning_and_the_end_of_a_flood_are_shown(
    written: list[tuple[str, pb.StreamName.ValueType]], bound: int
) -> None:
    whole = "".join(words for words, _name in written)
    reported = shown(output_limits(max_text_bytes=bound), [text(*piece) for piece in written])
    size = len(whole.encode())
    if size <= bound:
        assert (text_of(reported), cuts(reported)) == (whole, [])
        return
    assert len(text_of(reported).encode()) <= bound + bound // 4
    omitted = sum(cut.omitted_bytes for cut in cuts(reported))
    assert len(text_of(reported).encode()) + omitted == size
    if omitted:
        (place,) = (number for number, event in enumerate(reported) if event.HasField("output_cut"))
        head, tail = text_of(reported[:place]), text_of(reported[place:])
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head.encode()) > bound - 4  # a character has at most four bytes
    else:
        assert text_of(reported) == whole


def test_a_last_value_is_shown_after_a_flood() -> None:
    reported = shown(output_limits(max_text_bytes=100), [text("x" * 999), rich(text_plain=b"42")])
    assert [event.WhichOneof("event") for event in reported] == [
        "stream_text",
        "output_cut",
        "stream_text",
        "rich",
    ]


def test_values_past_their_bound_leave_the_newest() -> None:
    values = [rich(text_plain=b"%04d" % number) for number in range(100)]
    size = values[0].rich.ByteSize()
    reported = shown(output_limits(max_rich_bytes=10 * size), values)
    kept = [event.rich.data["text/plain"] for event in reported if event.HasField("rich")]
    assert kept == [b"%04d" % number for number in (*range(10), 98, 99)]
    (cut,) = cuts(reported)
    assert (cut.omitted_bytes, cut.limit, cut.limit_value) == (
        88 * size,
        pb.OUTPUT_LIMIT_RICH,
        10 * size,
    )


def test_what_code_calls_its_values_counts_as_they_do() -> None:
    names = {f"text/{'x' * 1000}{number}": b"" for number in range(100)}
    reported = shown(output_limits(max_rich_bytes=1000), [pb.Event(rich=pb.Rich(data=names))])
    assert [event.WhichOneof("event") for event in reported] == ["output_cut"]


def test_large_metadata_are_left_out() -> None:
    large = pb.Rich(data={"text/plain": b"x"}, metadata_json="[" * 70_000)
    (reported,) = shown(output_limits(), [pb.Event(rich=large)])
    assert (reported.rich.data["text/plain"], reported.rich.metadata_json) == (b"x", "")


def test_a_traceback_of_empty_lines_is_cut() -> None:
    (reported,) = shown(output_limits(), [pb.Event(error=pb.Error(traceback=[""] * 10**6))])
    assert len(reported.error.traceback) <= MAX_BYTES
    assert "bytes were left out here" in reported.error.traceback[0]


def test_events_past_their_bound_leave_the_newest() -> None:
    many = [text(str(number), (OUT, ERR)[number % 2]) for number in range(1000)]
    reported = shown(output_limits(max_events=100), many)
    assert len(reported) == 100 + 1 + 25
    assert text_of(reported[-25:]) == "".join(map(str, range(975, 1000)))
    assert cuts(reported)[0].limit == pb.OUTPUT_LIMIT_EVENTS


def test_an_image_after_a_flood_keeps_its_position() -> None:
    flood = [text("x" * 60) for _ in range(3)]
    picture = rich(image_gif=gif(1, 1))
    reported = shown(output_limits(max_text_bytes=100), [*flood, picture, text("end")])
    assert [event.WhichOneof("event") for event in reported] == [
        "stream_text",
        "stream_text",
        "output_cut",
        "rich",
        "stream_text",
    ]
    assert text_of(reported) == "x" * 100 + "end"
    assert cuts(reported)[0].omitted_bytes == 80


def test_images_have_limits_of_their_own() -> None:
    limits = output_limits(max_images=2, max_image_bytes=100, max_image_pixels=50)
    reported = shown(
        limits,
        [
            rich(image_gif=gif(5, 5) + b"\0" * 99),
            rich(image_gif=gif(10, 10)),
            rich(image_png=b"not a picture"),
            *(rich(image_gif=gif(5, 5)) for _ in range(3)),
        ],
    )
    assert text_of(reported).splitlines() == [
        f"[image/gif: left out, {len(gif(5, 5)) + 99} bytes are more than 100]",
        "[image/gif: left out, 100 pixels are more than 50]",
        "[image/png: left out, it can't be read]",
        "[image/gif: left out, there were 2 images already]",
    ]
    assert sum("image/gif" in event.rich.data for event in reported) == 2


def test_a_value_counts_as_one_image_whatever_formats_it_has() -> None:
    both = [rich(image_gif=gif(5, 5), image_webp=gif(5, 5)) for _ in range(3)]
    reported = shown(output_limits(max_images=3), both)
    assert [list(event.rich.data) for event in reported] == [["image/gif"]] * 3


def test_a_broken_image_is_replaced_by_another_format() -> None:
    (reported,) = shown(output_limits(), [rich(image_png=b"broken", image_gif=gif(5, 5))])
    assert list(reported.rich.data) == ["image/gif"]


def test_an_exception_is_shown_after_a_flood() -> None:
    error = pb.Error(name="E", value="v" * 10**6, traceback=["a" * 10**6, "b" * 1000])
    reported = shown(output_limits(max_text_bytes=10), [text("x" * 100), pb.Event(error=error)])
    last = reported[-1].error
    assert last.name == "E"
    assert len(last.value.encode()) <= MAX_BYTES
    assert sum(len(line.encode()) for line in last.traceback) <= MAX_BYTES
    assert last.traceback[-1] == "b" * 1000  # the end is most useful


def test_whether_text_was_cut_is_known() -> None:
    for words, is_cut in (("x" * 125, False), ("x" * 126, True)):
        meter = OutputMeter(output_limits(max_text_bytes=100))
        meter.admit(text(words))
        assert meter.has_cut_text is is_cut
