#!/usr/bin/env python3
"""
Write an interface package of ROS 2 Kilted whose definitions no installed package brings.

The definitions come from the table inside the `rosbags` library, so that nothing is copied into
this repository and the type hashes equal the official ones.
"""

import argparse
from pathlib import Path
import sys

from rosbags.typesys import get_typestore, Stores

CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project({name})
find_package(ament_cmake REQUIRED)
find_package(rosidl_default_generators REQUIRED)
{finds}
rosidl_generate_interfaces(${{PROJECT_NAME}}
{files}
  DEPENDENCIES {dependencies}
)
ament_export_dependencies(rosidl_default_runtime)
ament_package()
"""

PACKAGE = """\
<?xml version="1.0"?>
<package format="3">
  <name>{name}</name>
  <version>0.0.0</version>
  <description>Messages of {name}.</description>
  <maintainer email="occany_ros@example.com">occany_ros maintainers</maintainer>
  <license>BSD</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
{depends}
  <exec_depend>rosidl_default_runtime</exec_depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export>
    <build_type>ament_cmake</build_type>
  </export>
</package>
"""


def definitions(package: str) -> dict[str, str]:
    """
    Look up the message definitions of a package.

    :param package: name of the interface package
    :returns: text of each `.msg` file, by message name
    :raises LookupError: if the table has no message of that package
    """
    store = get_typestore(Stores.ROS2_KILTED)
    found = {}
    for full_name in store.fielddefs:
        owner, kind, name = full_name.split('/')
        if owner == package and kind == 'msg':
            text, _ = store.generate_msgdef(full_name, ros_version=2)
            # What follows the first separator repeats the definitions the message refers to.
            found[name] = text.split('=' * 80)[0].rstrip() + '\n'
    if not found:
        raise LookupError(f'no message of {package!r} in the table of rosbags')
    return found


def dependencies(package: str, texts: dict[str, str]) -> list[str]:
    """
    List the other packages whose messages the definitions name.

    :param package: name of the package itself
    :param texts: text of each `.msg` file
    :returns: sorted package names
    """
    types = [line.split()[0] for text in texts.values() for line in text.splitlines() if line]
    owners = {name.split('/')[0] for name in types if '/' in name}
    return sorted(owners - {package})


def write_package(package: str, folder: Path) -> None:
    """
    Write the package: CMakeLists.txt, package.xml and msg/.

    :param package: name of the interface package
    :param folder: where it goes; made if absent
    """
    texts = definitions(package)
    needed = dependencies(package, texts)
    (folder / 'msg').mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / 'msg' / f'{name}.msg').write_text(text)
    cmake = CMAKE.format(
        name=package,
        finds='\n'.join(f'find_package({name} REQUIRED)' for name in needed),
        files='\n'.join(f'  "msg/{name}.msg"' for name in sorted(texts)),
        dependencies=' '.join(needed),
    )
    (folder / 'CMakeLists.txt').write_text(cmake)
    depends = '\n'.join(f'  <depend>{name}</depend>' for name in needed)
    (folder / 'package.xml').write_text(PACKAGE.format(name=package, depends=depends))


def main() -> int:
    """Read the command line and write one package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('package', help='name of the interface package, such as tf2_msgs')
    parser.add_argument('folder', type=Path, help='where the package is written')
    arguments = parser.parse_args()
    try:
        write_package(arguments.package, arguments.folder)
    except LookupError as error:
        parser.error(str(error))
    return 0


if __name__ == '__main__':
    sys.exit(main())
