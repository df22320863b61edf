"""The JSON that comes in goes out again."""

import bentoml


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Echo:
    @bentoml.api
    async def score(self, data: dict, /) -> dict:
        return data
