"""The doctor finds planted faults, and nothing wrong where nothing is."""

import json
import subprocess
import sys

import pytest

# Discovery asks again after three seconds what it lost.
SECONDS = '6'


def cameras(graph, **options):
    """Start cameras, and wait until they are there: so long the doctor does not wait."""
    graph.cameras(**options)
    for name in options.get('names', ['front']):
        topic = f'/camera/{name}/image_raw'
        graph.wait(lambda t=topic: graph.node.count_publishers(t), f'publisher of {topic}')


def examined(graph, *parameters, node='/occany', seconds=SECONDS):
    """Run `occany doctor`; gives exit code and findings that are not ok."""
    words = [word for parameter in parameters for word in ('-p', parameter)]
    code = 'import sys; from occany_ros.cli.main import main; sys.exit(main())'
    command = [
        sys.executable,
        '-c',
        code,
        'doctor',
        '--json',
        '--seconds',
        seconds,
        *words,
        '--node',
        node,
    ]
    done = subprocess.run(
        command, env=graph.environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report['healthy'] is (done.returncode == 0)
    return report['healthy'], [item for item in report['findings'] if item['level'] == 'fault']


def the_fault(graph, *parameters, seconds=SECONDS):
    healthy, faults = examined(graph, *parameters, seconds=seconds)
    assert not healthy
    return ' | '.join(f'{item["subject"]}: {item["text"]}' for item in faults)


def test_a_healthy_graph_has_no_fault(graph):
    cameras(graph, names=['front', 'back'])
    healthy, faults = examined(graph, 'cameras:=[front, back]')
    assert healthy, faults


def test_topics_without_a_slash_lie_in_the_namespace_of_the_node(graph):
    cameras(graph)
    topic = 'front.image_topic:=front/image_raw'
    healthy, faults = examined(graph, topic, 'use_sim_time:=false', node='camera/occany')
    assert healthy, faults


def test_a_topic_without_publisher_is_found_and_the_likely_one_named(graph):
    cameras(graph)
    text = the_fault(graph, 'front.image_topic:=/camera/frnt/image_raw')
    assert 'nobody publishes /camera/frnt/image_raw' in text
    assert '/camera/front/image_raw' in text


def test_incompatible_quality_of_service_is_found(graph):
    cameras(graph)
    assert 'qos.image_reliability' in the_fault(graph, 'qos.image_reliability:=reliable')


def test_zero_stamps_are_found(graph):
    cameras(graph, stamp='zero')
    assert 'header.stamp' in the_fault(graph)


def test_stamps_that_never_match_are_found(graph):
    cameras(graph, names=['left', 'right'], apart_s=0.05)
    assert 'sync.slop' in the_fault(graph, 'cameras:=[left, right]', 'sync.slop:=0.01')


def test_a_clock_that_stands_is_found(graph):
    cameras(graph)
    assert '/clock does not tick' in the_fault(graph, 'use_sim_time:=true')


@pytest.mark.parametrize('path', ['missing.pth', 'test_doctor.py'])
def test_weights_that_cannot_be_used_are_found(graph, path, tmp_path):
    (tmp_path / 'test_doctor.py').write_text('no weights')
    given = 'model.variant:=occany', f'model.checkpoint:={tmp_path / path}'
    text = the_fault(graph, *given, seconds='0')  # without the graph
    assert str(tmp_path / path) in text


def test_an_unknown_parameter_is_found_with_the_nearest_one(graph):
    assert 'sync.slop' in the_fault(graph, 'sync.slopp:=0.1')


def test_a_mask_that_is_no_picture_is_found(graph, tmp_path):
    (tmp_path / 'mask.png').write_text('no picture')
    text = the_fault(graph, f'front.mask_file:={tmp_path / "mask.png"}')
    assert 'front.mask_file: expected a picture' in text
