"""Every status and figure the interface promises, from a node with images and one without."""

import pytest

STAGES = ('wait', 'decode', 'preprocess', 'encode', 'remember', 'render', 'voxels', 'publish')


@pytest.fixture(scope='module')
def running(shared_graph):
    """Run a node with two cameras until its figures are there; no image is lost or late."""
    shared_graph.cameras(names=['front', 'left'], reliable=True)
    shared_graph.occany(
        cameras=['front', 'left'],
        qos__image_reliability='reliable',
        qos__image_depth=20,
        sync__max_wait=5.0,
        sync__stale_after=60.0,
    )
    figure = shared_graph.figure
    for camera in ('front', 'left'):
        shared_graph.wait(lambda name=f'camera {camera}': figure(name, 'sets') >= 3, camera)
    shared_graph.wait_for_outputs(3)
    return shared_graph


def figures(graph, status):
    entry = graph.status[status]
    assert entry.name == f'occany: {status}'
    assert entry.hardware_id == 'occany'
    return {item.key: item.value for item in entry.values}


def test_there_is_one_status_for_each_part(running):
    parts = {'camera front', 'camera left', 'sync', 'inference', 'memory', 'tf', 'output'}
    assert set(running.status) == parts


@pytest.mark.parametrize('camera', ['front', 'left'])
def test_a_camera_tells_rate_age_skew_drops_quality_of_service_and_encoding(running, camera):
    # The rate is a median of stamps, which it takes a few of where images were lost.
    rate_hz = pytest.approx(10, rel=0.1)
    running.wait(lambda: running.figure(f'camera {camera}', 'rate_hz') == rate_hz, 'the rate')
    values = figures(running, f'camera {camera}')
    for key in ('age_s', 'skew_ms', 'silence_s', 'received', 'sets', 'missed', 'undecodable'):
        float(values[key])
    assert values['drops'] == values['qos_mismatch'] == '0'
    assert values['encoding'] == 'rgb8'
    assert values['type'].endswith('Image')
    assert values['topic'] == f'/camera/{camera}/image_raw'


def test_the_synchroniser_tells_its_rule_what_waits_and_every_reason(running):
    values = figures(running, 'sync')
    assert values['policy'] == 'deadline'
    assert int(values['sets']) >= 3
    assert any(key.startswith('closed: ') for key in values)
    for key in ('waiting', 'partial_sets', 'drop_busy', 'drop_paused', 'drop_rate'):
        assert int(values[key]) >= 0


def test_inference_tells_latency_of_every_stage_rate_mode_and_lack_of_memory(running):
    values = figures(running, 'inference')
    for stage in (*STAGES, 'latency'):
        assert 0 <= float(values[f'{stage}_ms_p50']) <= float(values[f'{stage}_ms_p95'])
    assert float(values['rate_hz']) > 0
    assert values['mode'] == values['mode_asked'] == 'fast'
    assert values['oom_count'] == values['failures'] == '0'


def test_memory_tells_frames_gpu_and_process(running):
    values = figures(running, 'memory')
    assert int(values['frames']) >= 1
    assert float(values['rss_peak_mb']) >= float(values['rss_mb']) > 50
    assert values['gpu_mb'] == 'none' or float(values['gpu_mb']) > 0


def test_transforms_tell_their_source_and_output_its_readers(running):
    assert figures(running, 'tf')['source'] in ('own buffer', 'tf2_ros')
    running.wait(lambda: running.figure('output', 'published ~/costmap') >= 3, 'costmaps')
    values = figures(running, 'output')
    assert values['state'] == 'active'
    assert values['subscribers ~/points'] == '0'
