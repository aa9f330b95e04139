"""H.264 pictures that say "as before", written without an encoder: a held frame costs one real picture.
Source: ITU-T H.264 (08/2021), 7.3.2 and 7.3.3 for the syntax, 9.3.4.2 for arithmetic coding."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

# Table 9-44, the columns of rangeTabLPS by (codIRange >> 6) & 3, for the states that a run of equal symbols
# passes through; only the most probable symbol is ever coded here, so no other state is reached.
_RANGE_LPS = (
    # pStateIdx 0 to 62
    (128, 176, 208, 240), (128, 167, 197, 227), (128, 158, 187, 216), (123, 150, 178, 205),
    (116, 142, 169, 195), (111, 135, 160, 185), (105, 128, 152, 175), (100, 122, 144, 166),
    (95, 116, 137, 158), (90, 110, 130, 150), (85, 104, 123, 142), (81, 99, 117, 135),
    (77, 94, 111, 128), (73, 89, 105, 122), (69, 85, 100, 116), (66, 80, 95, 110),
    (62, 76, 90, 104), (59, 72, 86, 99), (56, 69, 81, 94), (53, 65, 77, 89),
    (51, 62, 73, 85), (48, 59, 69, 80), (46, 56, 66, 76), (43, 53, 63, 72),
    (41, 50, 59, 69), (39, 48, 56, 65), (37, 45, 54, 62), (35, 43, 51, 59),
    (33, 41, 48, 56), (32, 39, 46, 53), (30, 37, 43, 50), (29, 35, 41, 48),
    (27, 33, 39, 45), (26, 31, 37, 43), (24, 30, 35, 41), (23, 28, 33, 39),
    (22, 27, 32, 37), (21, 26, 30, 35), (20, 24, 29, 33), (19, 23, 27, 31),
    (18, 22, 26, 30), (17, 21, 25, 28), (16, 20, 23, 27), (15, 19, 22, 25),
    (14, 18, 21, 24), (14, 17, 20, 23), (13, 16, 19, 22), (12, 15, 18, 21),
    (12, 14, 17, 20), (11, 14, 16, 19), (11, 13, 15, 18), (10, 12, 15, 17),
    (10, 12, 14, 16), (9, 11, 13, 15), (9, 11, 12, 14), (8, 10, 12, 14),
    (8, 9, 11, 13), (7, 9, 11, 12), (7, 9, 10, 12), (7, 8, 10, 11),
    (6, 8, 9, 11), (6, 7, 9, 10), (6, 7, 8, 9),
)  # fmt: skip
# Table 9-13, mb_skip_flag in P slices, first context, cabac_init_idc 0.
_SKIP_M, _SKIP_N = 23, 33
_P_SLICE, _NAL_SLICE, _NAL_SPS, _NAL_PPS = 5, 1, 7, 8


class BitReader:
    """Reads a NAL unit's payload bit by bit."""

    def __init__(self, payload: bytes) -> None:
        raw = payload.replace(b"\x00\x00\x03", b"\x00\x00")
        self._bits = int.from_bytes(raw, "big")
        self._left = len(raw) * 8

    def u(self, bits: int) -> int:
        """An unsigned number of so many bits."""
        self._left -= bits
        return (self._bits >> self._left) & ((1 << bits) - 1)

    def ue(self) -> int:
        """An unsigned Exp-Golomb number."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb number."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


class BitWriter:
    """Writes bits into bytes."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, value: int, bits: int) -> None:
        self.bits.extend((value >> shift) & 1 for shift in range(bits - 1, -1, -1))

    def ue(self, value: int) -> None:
        length = (value + 1).bit_length()
        self.u(value + 1, 2 * length - 1)

    def bytes(self) -> bytes:
        assert len(self.bits) % 8 == 0
        return int("".join(map(str, self.bits)) or "0", 2).to_bytes(len(self.bits) // 8, "big")


@dataclass(frozen=True)
class StreamParameters:
    """What a slice header has to agree with."""

    frame_num_bits: int
    # Of pic_order_cnt_lsb, which counts fields as they are shown; 0 where pictures are shown as they are decoded.
    order_bits: int
    macroblocks: int
    cabac: bool
    one_reference: bool
    weighted: bool
    initial_qp: int
    deblocking_control: bool


def read_parameters(extradata: bytes) -> StreamParameters | None:
    """The stream's parameters from its Annex B headers, or ``None`` where this module would not know its way."""
    sps = pps = None
    for unit in extradata.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01"):
        if unit and unit[0] & 31 == _NAL_SPS:
            sps = BitReader(unit[1:])
        elif unit and unit[0] & 31 == _NAL_PPS:
            pps = BitReader(unit[1:])
    if sps is None or pps is None:
        return None
    sequence = _read_sequence(sps)
    if sequence is None:
        return None
    frame_num_bits, order_bits, macroblocks = sequence
    pps.ue(), pps.ue()
    cabac = bool(pps.u(1))
    bottom_field_order, slice_groups = pps.u(1), pps.ue()
    references = pps.ue()
    pps.ue()
    weighted = bool(pps.u(1))
    pps.u(2)
    initial_qp = 26 + pps.se()
    pps.se(), pps.se()
    deblocking_control = bool(pps.u(1))
    pps.u(1)
    redundant = pps.u(1)
    if bottom_field_order or slice_groups or redundant:
        return None
    return StreamParameters(
        frame_num_bits, order_bits, macroblocks, cabac, references == 0, weighted, initial_qp, deblocking_control
    )


def _read_sequence(sps: BitReader) -> tuple[int, int, int] | None:
    """Lengths of frame_num and of pic_order_cnt_lsb, and number of macroblocks; whole frames of 4:2:0 only."""
    profile = sps.u(8)
    sps.u(16), sps.ue()
    if profile in (100, 110, 122, 244):
        chroma, luma_depth, chroma_depth = sps.ue(), sps.ue(), sps.ue()
        sps.u(1)
        scaling_matrix = sps.u(1)
        if chroma != 1 or luma_depth or chroma_depth or scaling_matrix:
            return None
    elif profile not in (66, 77):
        return None
    frame_num_bits = sps.ue() + 4
    order_type = sps.ue()
    if order_type == 1:
        return None
    order_bits = sps.ue() + 4 if order_type == 0 else 0
    sps.ue(), sps.u(1)
    width, height = sps.ue() + 1, sps.ue() + 1
    frames_only = sps.u(1)
    return (frame_num_bits, order_bits, width * height) if frames_only else None


def repeat_picture(parameters: StreamParameters, frame_num: int) -> bytes:
    """One Annex B picture in which every macroblock is skipped: it shows the picture before it again.

    Parameters
    ----------
    frame_num
        How many pictures lie between the last key frame and this one, plus one.
    """
    header = BitWriter()
    header.ue(0)  # first_mb_in_slice
    header.ue(_P_SLICE)
    header.ue(0)  # pic_parameter_set_id
    header.u(frame_num % (1 << parameters.frame_num_bits), parameters.frame_num_bits)
    if parameters.order_bits:
        # A frame is two fields.
        header.u(2 * frame_num % (1 << parameters.order_bits), parameters.order_bits)
    if parameters.one_reference:
        header.u(0, 1)
    else:
        header.u(1, 1)
        header.ue(0)
    header.u(0, 1)  # ref_pic_list_modification_flag_l0
    if parameters.weighted:
        # pred_weight_table: no weights for the one reference
        header.ue(0)
        header.ue(0)
        header.u(0, 2)
    header.u(0, 1)  # adaptive_ref_pic_marking_mode_flag
    if parameters.cabac:
        header.ue(0)  # cabac_init_idc
    header.ue(0)  # slice_qp_delta
    if parameters.deblocking_control:
        header.ue(1)  # no deblocking: nothing was coded that could have edges
    if parameters.cabac:
        header.u(-1, -len(header.bits) % 8)
        payload = header.bytes() + _all_skipped(parameters.macroblocks, parameters.initial_qp)
    else:
        header.ue(parameters.macroblocks)
        header.u(1, 1)
        header.u(0, -len(header.bits) % 8)
        payload = header.bytes()
    return b"\x00\x00\x00\x01" + bytes([2 << 5 | _NAL_SLICE]) + _escaped(payload)


def _escaped(payload: bytes) -> bytes:
    """Insert the bytes that keep a payload from looking like a start code."""
    out, zeros = bytearray(), 0
    for byte in payload:
        if zeros == 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


@lru_cache(maxsize=16)
def _all_skipped(macroblocks: int, qp: int) -> bytes:
    """Arithmetic-coded slice data of nothing but skipped macroblocks."""
    coder = _SkipCoder(qp)
    for number in range(macroblocks):
        coder.skip()
        coder.end_of_slice(number == macroblocks - 1)
    return coder.bits.bytes()


class _SkipCoder:
    """The encoder of 9.3.4.2, for mb_skip_flag equal to its most probable value and end_of_slice_flag."""

    def __init__(self, qp: int) -> None:
        state = min(max(((_SKIP_M * min(max(qp, 0), 51)) >> 4) + _SKIP_N, 1), 126)
        if state < 64:
            raise ValueError("skipping is not the most probable symbol at this QP")
        self.state = state - 64
        self.low, self.range = 0, 510
        self.outstanding, self.first = 0, True
        self.bits = BitWriter()

    def skip(self) -> None:
        self.range -= _RANGE_LPS[self.state][(self.range >> 6) & 3]
        self.state = min(self.state + 1, 62)
        self._renormalise()

    def end_of_slice(self, last: bool) -> None:
        self.range -= 2
        if not last:
            self._renormalise()
            return
        self.low += self.range
        self.range = 2
        self._renormalise()
        self._put((self.low >> 9) & 1)
        self.bits.u((self.low >> 7) & 3 | 1, 2)
        self.bits.u(0, -len(self.bits.bits) % 8)

    def _renormalise(self) -> None:
        while self.range < 256:
            if self.low < 256:
                self._put(0)
            elif self.low >= 512:
                self.low -= 512
                self._put(1)
            else:
                self.low -= 256
                self.outstanding += 1
            self.range <<= 1
            self.low <<= 1

    def _put(self, bit: int) -> None:
        if self.first:
            self.first = False
        else:
            self.bits.u(bit, 1)
        for _ in range(self.outstanding):
            self.bits.u(1 - bit, 1)
        self.outstanding = 0
