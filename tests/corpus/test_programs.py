"""Each program of the corpus shows what it must show."""

import pytest

from cellblock_client import Client
from tests.corpus.program import Program, all_programs
from tests.corpus.running import run_program
from tests.support.images import FULL


@pytest.mark.engine
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(program, id=program.name, marks=() if program.is_fault else pytest.mark.corpus)
        for program in all_programs()
    ],
)
@pytest.mark.timeout(180)
def test_a_program_shows_what_it_must(client: Client, program: Program) -> None:
    assert run_program(client, program, FULL) == []
