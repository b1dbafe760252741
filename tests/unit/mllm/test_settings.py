"""Messages name the variable of the service that is to be told something else."""

from __future__ import annotations

from pathlib import Path

from receiver.settings import ReceiverSettings
from semvid.mllm.settings import MllmSettings
from transmitter.settings import TransmitterSettings


def test_a_variable_is_that_of_the_service(tmp_path: Path) -> None:
    named = [
        settings.variable("mllm_device")
        for settings in (
            MllmSettings(),
            TransmitterSettings(data_dir=tmp_path),
            ReceiverSettings(data_dir=tmp_path),
        )
    ]
    assert named == [
        "SEMVID_TRANSMITTER_MLLM_DEVICE",
        "SEMVID_TRANSMITTER_MLLM_DEVICE",
        "SEMVID_RECEIVER_MLLM_DEVICE",
    ]
