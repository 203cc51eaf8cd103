"""Damaged and lying files, as hypothesis draws them."""

import io
import json
import pickle
import struct
import zipfile
import zlib

from hypothesis import strategies as st

ODD_SIZES = (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**64 - 1)


@st.composite
def damaged(draw, whole, most=4):
    """Draw one of some byte strings that was cut, overwritten in places, or had bytes put in."""
    data = bytearray(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(0, most))):
        place = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(('cut', 'set', 'size', 'insert')))
        if what == 'cut':
            end = place + draw(st.integers(1, 60))
            del data[place:end]
        elif what == 'set':
            patch = draw(st.binary(min_size=1, max_size=4))
            end = place + len(patch)
            data[place:end] = patch
        elif what == 'size':
            end = place + 8
            data[place:end] = struct.pack('<Q', draw(st.sampled_from(ODD_SIZES)))
        else:
            data[place:place] = draw(st.binary(max_size=20))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


sizes = st.integers(-2, 100) | st.sampled_from((*ODD_SIZES, -(2**63), 2**80))
entries = st.fixed_dictionaries(
    {},
    optional={
        'dtype': st.sampled_from(('F32', 'F16', 'F8_E4M3', 'BOOL', 'U64', 'X9', '')),
        'shape': st.lists(sizes, max_size=5) | st.none(),
        'data_offsets': st.lists(sizes, min_size=2, max_size=2) | st.lists(sizes, max_size=3),
    },
)


@st.composite
def lying_safetensors(draw, names):
    """Draw a safetensors file whose header says what it likes about the bytes behind it."""
    header = draw(
        st.dictionaries(st.sampled_from(names) | st.text(max_size=9), entries, max_size=4)
        | st.recursive(st.none() | sizes, lambda x: st.lists(x) | st.dictionaries(st.text(), x))
    )
    text = json.dumps(header).encode() + b' ' * draw(st.integers(0, 9))
    length = draw(st.just(len(text)) | st.sampled_from(ODD_SIZES))
    return struct.pack('<Q', length) + text + bytes(draw(st.integers(0, 500)))


class Caller:
    """Pickles as a call of any function: what a hostile weight file is made of."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def nested(depth):
    """Pickle a list in a list in a list, written by hand as `pickle` itself would give up."""
    return b'\x80\x02' + b']' * depth + b'a' * (depth - 1) + b'.'


def torch_archive(data, compression=zipfile.ZIP_STORED, storage=b'\0' * 64):
    """Write what `torch.save` writes, around a pickle that it never would."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', compression) as archive:
        archive.writestr('archive/data.pkl', data)
        archive.writestr('archive/byteorder', 'little')
        archive.writestr('archive/version', '3\n')
        archive.writestr('archive/data/0', storage)
    return buffer.getvalue()


def tensor_pickle(numel, offset, shape, stride):
    """Pickle one tensor of those sizes, in a section of weights, over storage 0."""

    def number(value):
        return pickle.dumps(value, 2)[2:-1]

    storage = b'(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu' + number(numel) + b'tQ'
    return (
        b'\x80\x02}U\x07encoder}U\x01wctorch._utils\n_rebuild_tensor_v2\n('
        + storage
        + number(offset)
        + number(tuple(shape))
        + number(tuple(stride))
        + b'\x89ccollections\nOrderedDict\n)RtRsss.'
    )


shapes = st.lists(st.integers(0, 9) | st.sampled_from(ODD_SIZES), max_size=4)
tensors = st.builds(
    tensor_pickle,
    st.integers(0, 20) | st.sampled_from(ODD_SIZES),
    st.integers(-1, 20) | st.sampled_from(ODD_SIZES),
    shapes,
    shapes,
).map(torch_archive)


def png_of_size(width, height, depth=8, colour=2, frames=0):
    """Write a PNG whose header promises so many pixels and whose data are a few zeros."""

    def chunk(name, content):
        body = name + content
        return struct.pack('>I', len(content)) + body + struct.pack('>I', zlib.crc32(body))

    size = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
    movie = chunk(b'acTL', struct.pack('>II', frames, 0)) if frames else b''
    zeros = zlib.compress(bytes(100_000), 9)
    start = b'\x89PNG\r\n\x1a\n'
    return start + chunk(b'IHDR', size) + movie + chunk(b'IDAT', zeros) + chunk(b'IEND', b'')
