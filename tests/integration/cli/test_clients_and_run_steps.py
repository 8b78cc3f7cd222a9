"""Both clients' run steps, against a real server."""

from secrets import token_hex

from cellblock_client import AsyncClient, Client, Place, RunStepFormat, RunStepStatus
from cellblock_client.client import Session

RUN = f"run_{token_hex(8)}"
TEXT = "😀 [it](sandbox:/mnt/data/a%20b.txt), not sandbox:/mnt/data/none.csv."


def test_a_run_step_and_what_a_text_links_to(client: Client, session: Session) -> None:
    place = Place(thread_id="t-1", run_id=RUN, assistant_id="asst_1")
    done = session.run("open('a b.txt', 'w').write('x')", place=place)
    step = client.run_steps.get(done.execution.step_id)
    assert (step.session_id, step.thread_id, step.run_id) == (session.id, "t-1", RUN)
    assert (step.assistant_id, step.status) == ("asst_1", RunStepStatus.COMPLETED)
    assert step.execution_ids == (done.execution.id,)
    assert isinstance(step.data, dict)
    assert step.data["id"] == step.id
    assert client.run_steps.list(session_id=session.id).data == (step,)
    (item,) = client.run_steps.get(step.id, format=RunStepFormat.RESPONSES).data
    assert isinstance(item, dict)
    assert item["container_id"] == session.id
    last = list(client.run_steps.watch(step_id=step.id))[-1]
    assert (last.event, last.data) == ("thread.run.step.completed", step.data)
    found = client.run_steps.resolve_annotations(session.id, TEXT)
    (link,) = found.annotations
    assert TEXT[link.start_index : link.end_index] == link.text == "sandbox:/mnt/data/a%20b.txt"
    assert link.file == done.files[0]
    assert found.data[0]["file_path"] == {"file_id": link.file.id}
    assert found.unknown == ("sandbox:/mnt/data/none.csv",)


async def test_a_run_step_and_what_a_text_links_to_with_asyncio(server: str) -> None:
    async with AsyncClient(server) as client, await client.sessions.create() as session:
        done = await session.run("open('a b.txt', 'w').write('x')", place=Place(thread_id="t-2"))
        step = await client.run_steps.get(done.execution.step_id)
        assert (step.thread_id, step.status) == ("t-2", RunStepStatus.COMPLETED)
        last = [event async for event in client.run_steps.watch(step_id=step.id)][-1]
        assert last.data == step.data
        found = await client.run_steps.resolve_annotations(
            session.id, TEXT, format=RunStepFormat.RESPONSES
        )
        assert found.data[0]["type"] == "container_file_citation"
