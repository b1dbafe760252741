"""An encoder that makes tokens: the header first, each keyframe alone, and what was lost counted by token."""

from __future__ import annotations

import pytest

from semvid.link.blocks import Delivery
from semvid.link.token_packing import CodedTokens
from semvid.options import TransmissionOptions
from semvid.semantics import PictureCoding, StreamHeader
from semvid.token_payload import cuts
from semvid.tokens.library import TokenLibrary
from semvid.tokens.model import TokenModel
from tests.models.tiny_tokens import checkpoint
from tests.unit.transmitter.clips import HEIGHT, WIDTH, source
from tests.unit.transmitter.encoding import FRAMES, PROFILE, Mute, record, shots
from transmitter.coding import plan_for
from transmitter.keyframes import selecting
from transmitter.rate.footage import Footage
from transmitter.rate.model import AT_10_DB
from transmitter.shipment import Shipment
from transmitter.tokens.encoder import TokenEncoder
from transmitter.tokens.grids import TokenRecord
from transmitter.tokens.plan import TokenPlan

pytestmark = pytest.mark.tiny_models


@pytest.fixture(scope="module")
def model() -> TokenModel:
    return TokenLibrary(f"hf:{checkpoint()}", "cpu", "SEMVID_TRANSMITTER_TOKEN_MODEL", fills=False).open()


def sent(
    model: TokenModel, lost: tuple[int, ...] = (), **options: object
) -> tuple[list[Shipment], TokenRecord]:
    """All shipments of a clip; of each keyframe the packets ``lost`` do not arrive."""
    chosen = TransmissionOptions.model_validate(
        {"coding": "tokens", "keyframe_method": "skim", "keyframe_count": 4, **options}
    )

    def read() -> Footage:
        raise AssertionError("there is nothing to try")

    plan = plan_for(read, chosen, source(FRAMES), AT_10_DB)
    assert isinstance(plan, TokenPlan)
    link, shipments = record(0, 0), []
    begin = selecting(chosen, source(FRAMES), PROFILE, Mute())
    encoder = TokenEncoder(source(FRAMES), chosen, Mute(), plan, model, begin)
    for segment in encoder.segments(shots()):
        for shipment in encoder.shipments(segment):
            shipments.append(shipment)
            stretches = () if shipment.coded is None else cuts(shipment.coded.group.size)
            delivery = Delivery(True, tuple(stretches[index] for index in lost if stretches))
            assert encoder.delivered(shipment, delivery, link)
    encoder.close()
    return shipments, encoder.record


def test_the_header_leaves_alone_and_says_how_large_the_grid_is(model: TokenModel) -> None:
    shipments, _ = sent(model)
    assert shipments[0].coded is None
    (header,) = shipments[0].units
    assert isinstance(header, StreamHeader)
    assert header.coding is PictureCoding.TOKENS
    rows, columns = model.grid_of(WIDTH, HEIGHT)
    assert (header.coded_width, header.coded_height) == (columns * model.side, rows * model.side)
    assert (header.detail, header.restoration) == (0, 0)
    assert not any(isinstance(unit, StreamHeader) for one in shipments[1:] for unit in one.units)


def test_each_keyframe_is_a_shipment_and_what_is_lost_is_counted(model: TokenModel) -> None:
    shipments, kept = sent(model, lost=(0, 2))
    coded = [one.coded for one in shipments if one.coded is not None]
    assert all(isinstance(one, CodedTokens) and len(one.packets) == 1 for one in coded)
    assert [one.group.number for one in coded] == list(range(len(coded)))
    assert {shipment.crf for shipment in shipments} == {None}
    rows, columns = model.grid_of(WIDTH, HEIGHT)
    tokens = rows * columns * len(coded)
    assert kept == TokenRecord(model.name, len(coded), 0, tokens, kept.lost)
    assert 0.4 * tokens < kept.lost < 0.6 * tokens


def test_of_a_share_the_rest_is_left_out(model: TokenModel) -> None:
    shipments, kept = sent(model, token_share=0.5)
    whole, _ = sent(model)
    assert (
        kept.sent + kept.left_out
        == kept.keyframes * model.grid_of(WIDTH, HEIGHT)[0] * model.grid_of(WIDTH, HEIGHT)[1]
    )
    assert kept.left_out == pytest.approx(kept.sent, rel=0.1)
    sizes = [
        sum(one.coded.group.size for one in some if one.coded is not None) for some in (shipments, whole)
    ]
    assert sizes[0] == pytest.approx(sizes[1] / 2, rel=0.1)


def test_after_loss_nothing_comes_again(model: TokenModel) -> None:
    without, _ = sent(model)
    with_loss, kept = sent(model, lost=(0, 1, 2, 3))
    assert len(with_loss) == len(without)
    assert kept.lost == kept.sent
