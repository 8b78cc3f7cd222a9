"""Pipelines of a few stages, whose calls are received at last."""

from datetime import timedelta

from cellblock_server.rpc.pipeline import Pipeline, Stage
from cellblock_server.rpc.stages.receiving import ReceivingStage

RECEIVED_WITHIN = timedelta(seconds=10)


def new_pipeline(*stages: Stage) -> Pipeline:
    """A pipeline of `stages`, and the one that receives requests."""
    return Pipeline([*stages, ReceivingStage(RECEIVED_WITHIN)])
