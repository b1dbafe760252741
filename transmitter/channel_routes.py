"""The channel of a transmission that runs, over REST: what its conditions are, and other ones."""

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter

from semvid.channel_options import ChannelOptions
from semvid.errors import Conflict
from semvid.service.problems import problem_responses
from transmitter.channel_call import Conditions, change_conditions, conditions_of
from transmitter.job import Job
from transmitter.jobs import JobQueue
from transmitter.resources import ChannelResource
from transmitter.settings import TransmitterSettings
from transmitter.store import State

_CHANGES_NOTED = 256  # for one transmission


def install_channel_routes(
    app: FastAPI, jobs: JobQueue, settings: TransmitterSettings, registry: CollectorRegistry
) -> None:
    """Adds ``GET`` and ``PATCH /v1/transmissions/{transmission_id}/channel`` to ``app``.

    Args:
        app: the transmitter's.
        jobs: whose transmissions these are.
        settings: where the channel is.
        registry: counts the changes.
    """
    tls = settings.link_credentials()
    changes = Counter(
        "semvid_channel_changes_total", "Changes of the channel of a running transmission", registry=registry
    )

    @app.get(
        "/v1/transmissions/{transmission_id}/channel",
        operation_id="getChannel",
        response_model=ChannelResource,
        responses=problem_responses(404, 409, 502),
    )
    async def channel(transmission_id: str) -> Conditions:
        """Conditions in force at the channel emulator, while the transmission runs."""
        return await conditions_of(settings.link_target, _on_air(jobs.get(transmission_id)).id, tls)

    @app.patch(
        "/v1/transmissions/{transmission_id}/channel",
        operation_id="changeChannel",
        response_model=ChannelResource,
        responses=problem_responses(404, 409, 422, 502),
    )
    async def change_channel(transmission_id: str, change: ChannelOptions) -> Conditions:
        """Changes conditions of the channel from the next burst on, while the transmission runs."""
        job = _on_air(jobs.get(transmission_id))
        conditions = await change_conditions(settings.link_target, job.id, change, tls)
        changes.inc()
        noted = {"total_symbols": job.facts.get("total_symbols", 0), **conditions}
        del noted["snr_trace"]  # thousands of points, hundreds of times
        job.facts["channel_changes"] = job.facts.get("channel_changes", 0) + 1
        job.facts["last_channel_changes"] = [*job.facts.get("last_channel_changes", ()), noted][
            -_CHANGES_NOTED:
        ]
        return conditions


def _on_air(job: Job) -> Job:
    """``job``, if it runs."""
    if job.state is not State.RUNNING:
        raise Conflict(
            f"transmission {job.id} is {job.state.value}; its channel can be looked at and changed while it "
            "is RUNNING"
        )
    return job
