"""What a launch file decides is decided as launch and rcl would."""

from pathlib import Path

from occany_ros.ros import launching
from occany_ros.ros.settings.parameter_checks import parameters_from
import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ('base', 'namespace', 'name'),
    [
        ('', '', '/occany'),
        ('', '/', '/occany'),
        ('', 'robot', '/robot/occany'),
        ('', '/robot/', '/robot/occany'),
        ('fleet', 'robot', '/fleet/robot/occany'),
        ('/fleet', '', '/fleet/occany'),
        ('/fleet', '/robot', '/robot/occany'),
    ],
)
def test_names_are_those_launch_gives(base, namespace, name):
    assert launching.full_name(base, namespace, 'occany') == name


@pytest.mark.parametrize(
    ('pattern', 'is_meant'),
    [
        ('/**', True),
        ('/robot/occany', True),
        ('robot/occany', True),
        ('/*/occany', True),
        ('/**/occany', True),
        ('/robot/*', True),
        ('/robot/**', True),
        ('occany', False),
        ('/occany', False),
        ('/*', False),
        ('/other/**', False),
        ('/robot/occany/inner', False),
    ],
)
def test_parameter_files_speak_to_nodes_by_pattern(tmp_path, pattern, is_meant):
    file = tmp_path / 'own.yaml'
    file.write_text(yaml.safe_dump({pattern: {'ros__parameters': {'sync': {'slop': 0.3}}}}))
    found = launching.parameters_of(file, '/robot/occany')
    assert found == ({'sync.slop': 0.3} if is_meant else {})


def test_namespaces_of_parameter_files_may_be_nested(tmp_path):
    file = tmp_path / 'own.yaml'
    file.write_text(
        '/**:\n  ros__parameters: {a: 1, b.c: 2}\n'
        'robot:\n  occany:\n    ros__parameters: {b: {c: 3}}\n'
        '  other:\n    ros__parameters: {a: 4}\n'
    )
    assert launching.parameters_of(file, '/robot/occany') == {'a': 1, 'b.c': 3}


def test_files_that_are_none_are_named(tmp_path):
    file = tmp_path / 'own.yaml'
    file.write_text('[1, 2]')
    with pytest.raises(ValueError, match=r'own\.yaml: expected parameters by name, or nodes'):
        launching.parameters_of(file, '/occany')
    for value in ('5', '[1]', 'words'):
        file.write_text(f'/occany:\n  ros__parameters: {value}')
        with pytest.raises(ValueError, match=r'own\.yaml: .*, got (int|list|str) below /occany'):
            launching.parameters_of(file, '/occany')
    file.write_text('a: [1')
    with pytest.raises(ValueError, match=r'own\.yaml'):
        launching.parameters_of(file, '/occany')


@pytest.mark.parametrize('value', ['true', 'True', '1', 'YES', 'on'])
def test_yes_has_many_spellings(value):
    assert launching.switch('loop', value)
    assert not launching.switch('loop', {'1': '0'}.get(value, 'False'))


@pytest.mark.parametrize('value', ['', '[]', '[1]', '{a: b}', '[a', '[[a]]'])
def test_cameras_are_names(value):
    with pytest.raises(ValueError, match='cameras: expected names'):
        launching.camera_names(value)


def test_parameters_by_name_may_stand_with_or_without_braces():
    assert launching.named_values('a.b: 1, c: {d: [x, y]}') == {'a.b': 1, 'c.d': ['x', 'y']}
    assert launching.named_values('{a: 1}') == {'a': 1}
    for value in ('a', '[a]', 'a:', '{a: 1'):
        with pytest.raises(ValueError, match='parameters'):
            launching.named_values(value)


@pytest.mark.parametrize('value', ['0', '-1', 'fast', '', 'nan'])
def test_speed_is_a_number_above_zero(value):
    with pytest.raises(ValueError, match='rate: expected'):
        launching.speed(value)
    assert launching.speed('0.5') == '0.5'


def kind_of(name):
    kinds = {'lidar_top': 'PointCloud2', 'compressed': 'CompressedImage'}
    return kinds.get(name.rpartition('/')[2], 'Image')


def recorded(folder, *topics):
    """Write the part of a recording's description that says which topics it has."""
    entries = [
        {'topic_metadata': {'name': name, 'type': 'sensor_msgs/msg/' + kind_of(name)}}
        for name in topics
    ]
    information = {'rosbag2_bagfile_information': {'topics_with_message_count': entries}}
    folder.mkdir(exist_ok=True)
    (folder / 'metadata.yaml').write_text(yaml.safe_dump(information))
    return folder


def preset(name):
    values = launching.parameters_of(launching.preset_file(ROOT, name), '/occany')
    return parameters_from(values)


@pytest.mark.parametrize(
    'spelling', ['/cam_{}/image_rect_compressed', '/CAM_{}/image_rect_compressed',
                 '/nuscenes/cam_{}/image_raw', '/nuscenes/cam_{}/image_raw/compressed']
)  # fmt: skip
def test_every_spelling_of_nuscenes_is_found_in_a_recording(tmp_path, spelling):
    parameters = preset('nuscenes')
    upper = 'CAM' in spelling
    names = [spelling.format(c.upper() if upper else c) for c in parameters.cameras]
    bag = recorded(tmp_path / 'bag', '/lidar_top', *reversed(names))
    assert launching.image_topics(parameters, bag, '/occany') == names


def test_only_cameras_that_were_recorded_are_waited_for(tmp_path):
    parameters = preset('synthetic')
    bag = recorded(tmp_path / 'bag', '/camera/back/image_raw')
    assert launching.image_topics(parameters, bag, '/occany') == ['/camera/back/image_raw']
    assert launching.image_topics(parameters, tmp_path, '/occany') == []


def test_topics_without_a_slash_lie_in_the_namespace(tmp_path):
    parameters = parameters_from({'cameras': ['front'], 'front.image_topic': 'image_raw'})
    bag = recorded(tmp_path / 'bag', '/robot/image_raw')
    assert launching.image_topics(parameters, bag, '/robot/occany') == ['/robot/image_raw']
    with pytest.raises(ValueError, match=r'expected images on /image_raw, .* /robot/image_raw;'):
        launching.image_topics(parameters, bag, '/occany')


@pytest.mark.parametrize(
    'text',
    [
        '', '5', '[1]', '{', 'rosbag2_bagfile_information:', 'rosbag2_bagfile_information: {}',
        'rosbag2_bagfile_information: {topics_with_message_count: 5}',
        'rosbag2_bagfile_information: {topics_with_message_count: [5, {topic_metadata: }]}',
        'rosbag2_bagfile_information: {topics_with_message_count: [{topic_metadata: {name: /a}}]}',
        '[' * 5000,
    ],
)  # fmt: skip
def test_a_description_that_says_nothing_is_left_to_the_player(tmp_path, text):
    (tmp_path / 'metadata.yaml').write_text(text)
    assert launching.image_topics(preset('nuscenes'), tmp_path, '/occany') == []


def test_a_recording_without_images_is_played_without_waiting_for_topics(tmp_path):
    bag = recorded(tmp_path / 'bag', '/lidar_top')
    assert launching.image_topics(preset('nuscenes'), bag, '/occany') == []
