"""Cameras are found in a recording and named."""

from occany_ros.bags.cameras import camera_parameters, camera_topics
from occany_ros.bags.recording import Topic


def test_cameras_are_named_by_what_sets_them_apart():
    topics = {
        name: Topic(name, f'sensor_msgs/msg/{kind}', 1, latched=False)
        for name, kind in [
            ('/camera/back_left/image_raw', 'Image'),
            ('/camera/front/image_raw/compressed', 'CompressedImage'),
            ('/camera/front/image_raw', 'Image'),
            ('/CAM_FRONT_LEFT/image_rect_compressed', 'CompressedImage'),
            ('/image_raw', 'Image'),
            ('/camera/front/camera_info', 'CameraInfo'),
            ('/occany/front/semantic', 'Image'),
        ]
    }
    assert [(camera.name, camera.image) for camera in camera_topics(topics)] == [
        ('CAM_FRONT_LEFT', '/CAM_FRONT_LEFT/image_rect_compressed'),
        ('camera', '/image_raw'),
        ('front', '/camera/front/image_raw'),
        ('back_left', '/camera/back_left/image_raw'),
    ]
    assert [camera.info for camera in camera_topics(topics)] == [
        '',
        '',
        '/camera/front/camera_info',
        '',
    ]


def test_the_camera_that_looks_ahead_is_the_reference():
    names = ['back_left', 'front_right', 'front', 'back', 'front_left']
    topics = {
        f'/camera/{name}/{tail}': Topic(
            f'/camera/{name}/{tail}', f'sensor_msgs/msg/{kind}', 1, latched=False
        )
        for name in names
        for tail, kind in (('image_raw', 'Image'), ('camera_info', 'CameraInfo'))
    }
    values = camera_parameters(camera_topics(topics))
    assert values['cameras'] == ['front', 'front_left', 'front_right', 'back', 'back_left']
    assert values['front.image_topic'] == '/camera/front/image_raw'
    assert values['back.info_topic'] == '/camera/back/camera_info'
