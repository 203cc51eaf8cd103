"""The demo's graph stays on this machine; what the user has set is kept."""

from occany_ros.ros.health.graph_environment import local_graph, profile_file


def test_defaults():
    added = local_graph({'ROS_DISTRO': 'kilted'}, domain=42)
    assert added['ROS_DOMAIN_ID'] == '42'
    assert added['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert added['FASTDDS_DEFAULT_PROFILES_FILE'].endswith('fastdds.xml')
    assert 'ROS_LOCALHOST_ONLY' not in added


def test_older_distributions_have_other_names():
    added = local_graph({'ROS_DISTRO': 'humble'}, domain=1)
    assert added['ROS_LOCALHOST_ONLY'] == '1'
    assert added['FASTRTPS_DEFAULT_PROFILES_FILE'].endswith('fastdds.xml')
    assert 'FASTDDS_DEFAULT_PROFILES_FILE' not in added


def test_what_is_set_stays():
    given = {'ROS_DOMAIN_ID': '7', 'FASTDDS_DEFAULT_PROFILES_FILE': '/mine.xml'}
    assert local_graph(given, domain=42) == {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def test_the_profile_is_found_beside_the_sources():
    assert profile_file({}).is_file()
