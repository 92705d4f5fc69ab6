"""An issue tracker for the demo and the tests: the part of GitHub's REST API that bugs/trackers/github.py uses.

    TRACKER_TOKEN=… TRACKER_SECRET=… TRACKER_HOOK=URL python -m bench.tracker --port N

It keeps its issues in a JSON file (TRACKER_FILE), or in memory without one. Its page at / lists
them, and marks one as fixed: then it sends the webhook that GitHub would send.
Written from GitHub's published description of `issues`.
"""
