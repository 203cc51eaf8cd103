"""Cameras are found in a recording and named."""

from occany_ros.bags.cameras import camera_topics
from occany_ros.bags.reader import Topic


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
