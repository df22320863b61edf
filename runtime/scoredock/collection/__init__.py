"""What scripts collect, and payloads: rolled files in a folder or any storage.

``collect()`` copies and queues; one thread of each worker (``writer``) converts, encodes and stores.
"""
