"""Pipelines of a few stages, at whose end a test receives the calls."""

from datetime import timedelta

from cellblock_server.rpc.pipeline import Pipeline, Stage
from cellblock_server.rpc.stages.receiving import ReceivingStage

RECEIVED_WITHIN = timedelta(seconds=10)


def new_pipeline(*stages: Stage) -> Pipeline:
    """Return a pipeline of `stages`, and the receiver of its requests."""
    return Pipeline([*stages, ReceivingStage(RECEIVED_WITHIN)])
