"""MCAP files with Foxglove's messages, written with the mcap and protobuf libraries."""

from base64 import b64encode
import json

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from mcap.writer import CompressionType, Writer

LETTERS = {
    's': FieldDescriptorProto.TYPE_STRING,
    'b': FieldDescriptorProto.TYPE_BYTES,
    'd': FieldDescriptorProto.TYPE_DOUBLE,
    'u': FieldDescriptorProto.TYPE_FIXED32,
}
SCHEMAS = {
    'Vector3': 'x:d:1 y:d:2 z:d:3',
    'Quaternion': 'x:d:1 y:d:2 z:d:3 w:d:4',
    'Pose': 'position:Vector3:1 orientation:Quaternion:2',
    'PoseInFrame': 'timestamp:T:1 frame_id:s:2 pose:Pose:3',
    'CompressedImage': 'timestamp:T:1 frame_id:s:4 data:b:2 format:s:3',
    'RawImage': 'timestamp:T:1 frame_id:s:7 width:u:2 height:u:3 encoding:s:4 step:u:5 data:b:6',
    'CameraCalibration': 'timestamp:T:1 frame_id:s:9 width:u:2 height:u:3 distortion_model:s:4 '
    'D:d*:5 K:d*:6 R:d*:7 P:d*:8',
    'FrameTransform': 'timestamp:T:1 parent_frame_id:s:2 child_frame_id:s:3 '
    'translation:Vector3:4 rotation:Quaternion:5',
    'FrameTransforms': 'transforms:FrameTransform*:1',
    'LocationFix': 'latitude:d:1 longitude:d:2',
}


def schema_set():
    """Describe Foxglove's types and the time stamp in one file each."""
    found = FileDescriptorSet()
    stamp = found.file.add(name='google/protobuf/timestamp.proto', package='google.protobuf')
    stamp.syntax = 'proto3'
    fields = stamp.message_type.add(name='Timestamp').field
    optional = FieldDescriptorProto.LABEL_OPTIONAL
    fields.add(name='seconds', number=1, type=FieldDescriptorProto.TYPE_INT64, label=optional)
    fields.add(name='nanos', number=2, type=FieldDescriptorProto.TYPE_INT32, label=optional)
    file = found.file.add(name='foxglove/all.proto', package='foxglove', syntax='proto3')
    file.dependency.append(stamp.name)
    for name, text in SCHEMAS.items():
        message = file.message_type.add(name=name)
        for entry in text.split():
            field_name, kind, number = entry.split(':')
            field = message.field.add(name=field_name, number=int(number), json_name=field_name)
            is_list = kind.endswith('*')
            field.label = FieldDescriptorProto.LABEL_REPEATED if is_list else optional
            kind = kind.removesuffix('*')
            field.type = LETTERS.get(kind, FieldDescriptorProto.TYPE_MESSAGE)
            if kind not in LETTERS:
                other = '.google.protobuf.Timestamp' if kind == 'T' else f'.foxglove.{kind}'
                field.type_name = other
    return found


class FoxgloveFile:
    """Context manager that writes one file."""

    def __init__(self, path, encoding='protobuf'):
        self.encoding = encoding
        self.schemas = schema_set()
        self.pool = DescriptorPool()
        for file in self.schemas.file:
            self.pool.AddSerializedFile(file.SerializeToString())
        self.channels = {}
        self.stream = path.open('wb')
        self.writer = Writer(self.stream, chunk_size=4096, compression=CompressionType.ZSTD)
        self.writer.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.writer.finish()
        self.stream.close()

    def write(self, topic, name, stamp_ns, **fields):
        """Append a message; its time stamp is that of its arrival unless it has another."""
        if topic not in self.channels:
            self.channels[topic] = self.writer.register_channel(
                topic, self.encoding, self._schema(name)
            )
        data = self._packed(name, stamp_ns, fields)
        self.writer.add_message(self.channels[topic], stamp_ns, data, stamp_ns)

    def _schema(self, name):
        if self.encoding == 'json':
            return self.writer.register_schema(f'foxglove.{name}', 'jsonschema', b'{}')
        data = self.schemas.SerializeToString()
        return self.writer.register_schema(f'foxglove.{name}', 'protobuf', data)

    def _packed(self, name, stamp_ns, fields):
        plain = {
            key: b64encode(value).decode() if isinstance(value, bytes) else value
            for key, value in fields.items()
        }
        seconds, rest = divmod(stamp_ns, 1_000_000_000)
        has_stamp = 'timestamp' in SCHEMAS[name]
        if self.encoding == 'json':
            stamp = {'timestamp': {'sec': seconds, 'nsec': rest}} if has_stamp else {}
            return json.dumps({**stamp, **plain}).encode()
        message = GetMessageClass(self.pool.FindMessageTypeByName(f'foxglove.{name}'))()
        ParseDict(plain, message)
        if has_stamp:
            message.timestamp.seconds, message.timestamp.nanos = seconds, rest
        return message.SerializeToString()


def vector(x, y, z):
    """Give a vector as a plain value."""
    return {'x': x, 'y': y, 'z': z}


def quaternion(x, y, z, w):
    """Give a quaternion as a plain value."""
    return {'x': x, 'y': y, 'z': z, 'w': w}
