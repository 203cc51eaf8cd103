"""
The whole method as it was first released, step by step, with nothing saved.

The fast path is measured and checked against it. It shares weights and value types with the
networks of `occany_ros.models`, never their code, and runs in float32. Each thing done twice or
for nobody here is named in section 16 of the OccAny spec.
"""
