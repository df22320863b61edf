"""What scripts collect, and payloads: rolled files in a folder or any storage.

``collect()`` copies and queues; one thread of each worker (``writer``) converts, encodes and stores.
"""

CLOSE_S = 2.0  # for what waits to be written when a process ends
