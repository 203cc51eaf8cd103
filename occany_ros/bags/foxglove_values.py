"""Protobuf and JSON messages of MCAP files as plain values, by the schema that is in the file."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import json
from typing import Any, Final

from occany_ros.bags.salvage import StoredMessage

FOREIGN_ENCODINGS: Final = frozenset({'protobuf', 'json'})
_ZERO_STAMP: Final = {'sec': 0, 'nsec': 0}


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """
    One message, read by field; what is not set has the default of its type.

    :param fields: as JSON has them, or a Protobuf message.
    """

    fields: Any

    def __getitem__(self, name: str) -> Any:
        """
        Read a field.

        :raises ValueError: a Protobuf message has none of this name.
        """
        if isinstance(self.fields, Mapping):
            return self._json_field(name)
        try:
            found = getattr(self.fields, name)
        except AttributeError as error:
            raise ValueError(f'{name}: expected this field, the schema has none') from error
        if name == 'timestamp':
            return {'sec': found.seconds, 'nsec': found.nanos}
        if hasattr(found, 'DESCRIPTOR'):
            return Value(found)
        return [Value(one) for one in found] if name == 'transforms' else found

    def _json_field(self, name: str) -> Any:
        found = self.fields.get(name)
        if name == 'timestamp':
            return found or _ZERO_STAMP
        if name == 'data':
            return b64decode(found or '')
        if isinstance(found, Mapping):
            return Value(found)
        if name == 'transforms':
            return [Value(one) for one in found or ()]
        return _DEFAULTS.get(name, 0) if found is None else found


_DEFAULTS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(('frame_id', 'parent_frame_id', 'child_frame_id'), ''),
    **dict.fromkeys(('format', 'encoding', 'distortion_model'), ''),
    **dict.fromkeys('DKRP', ()),
    **dict.fromkeys(('translation', 'position'), Value({})),
    **dict.fromkeys(('rotation', 'orientation', 'pose'), Value({})),
}


@dataclass(slots=True, eq=False)
class ValueReader:
    """Reads messages; keeps what it has learnt from schemas."""

    _parsers: dict[tuple[str, bytes], Callable[[bytes], Any]] = field(
        init=False, default_factory=dict
    )

    def value_of(self, stored: StoredMessage) -> Value:
        """
        Read one message.

        :raises ValueError: it does not fit its schema.
        :raises LookupError: Protobuf is not installed.
        """
        try:
            if stored.encoding == 'json':
                return Value(_object(stored.data))
            return Value(self._parser_of(stored)(stored.data))
        except ValueError as error:
            raise ValueError(
                f'{stored.topic}: cannot be read as {stored.type_name}: {error}'
            ) from error

    def _parser_of(self, stored: StoredMessage) -> Callable[[bytes], Any]:
        """Make the parser of a message from the schema beside it."""
        key = stored.type_name, stored.schema
        if key not in self._parsers:
            self._parsers[key] = _protobuf_parser(*key)
        return self._parsers[key]


def _object(data: bytes) -> Mapping[str, Any]:
    fields = json.loads(data)
    if not isinstance(fields, Mapping):
        raise ValueError(f'expected an object, got {type(fields).__name__}')
    return fields


def _protobuf_parser(type_name: str, schema: bytes) -> Callable[[bytes], Any]:
    """
    Make a function from bytes to message.

    :raises ValueError: the schema is damaged.
    :raises LookupError: Protobuf is not installed.
    """
    try:
        from google.protobuf.descriptor_pb2 import FileDescriptorSet
        from google.protobuf.descriptor_pool import DescriptorPool
        from google.protobuf.message import DecodeError
        from google.protobuf.message_factory import GetMessageClass
    except ImportError as error:
        raise LookupError(
            'this file holds Protobuf messages, and Python finds no google.protobuf: '
            'pip install "protobuf>=4.22"'
        ) from error
    pool = DescriptorPool()
    try:
        for file in FileDescriptorSet.FromString(schema).file:
            pool.AddSerializedFile(file.SerializeToString())
        kind = GetMessageClass(pool.FindMessageTypeByName(type_name))
    except (DecodeError, TypeError, KeyError) as error:
        raise ValueError(f'its schema is damaged: {error}') from error

    def parse(data: bytes) -> Any:
        try:
            return kind.FromString(data)
        except DecodeError as error:
            raise ValueError(str(error)) from error

    return parse
