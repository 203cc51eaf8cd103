"""
Semantic 3-D occupancy and ego motion from any set of plain cameras.

The package directory is extended over ``sys.path`` so that the generated message
module ``occany_ros.msg`` is found even when Python starts in the source tree.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
__version__ = '0.1.0'
