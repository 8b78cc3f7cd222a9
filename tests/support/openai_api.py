"""Errors that the `openai` package raises for an answer."""

import httpx2
import openai

from cellblock_client.openai_errors import HttpError


def raised_for(answer: HttpError) -> openai.APIStatusError:
    """Return the exception that the package's client raises for this answer."""

    def handler(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(answer.status, headers=answer.headers, json=answer.body)

    with httpx2.Client(transport=httpx2.MockTransport(handler)) as http:
        client = openai.OpenAI(
            api_key="x", base_url="http://executor/v1", max_retries=0, http_client=http
        )
        try:
            client.files.retrieve("file-1")
        except openai.APIStatusError as error:
            return error
    raise AssertionError(f"the package took {answer} for a success")
