"""When a server that is prepared counts as ready."""

import pytest
from aiokafka.errors import InvalidReplicationFactorError, KafkaError, NodeNotReadyError

from deploy.readiness import once_prepared
from schemas.errors import ConfigurationError, TransientError


async def there() -> bool:
    return True


@pytest.mark.parametrize("trouble", [TransientError("gone"), NodeNotReadyError(), ConnectionResetError()])
async def test_a_server_that_goes_away_while_it_is_prepared_is_asked_again(trouble: Exception) -> None:
    troubles = [trouble]

    async def prepare() -> None:
        if troubles:
            raise troubles.pop()

    ready = once_prepared(there, prepare)

    assert [await ready(), await ready()] == [False, True]


@pytest.mark.parametrize(
    "refusal", [ConfigurationError("another number of partitions"), InvalidReplicationFactorError()]
)
async def test_what_only_a_person_can_mend_ends_the_waiting(refusal: ConfigurationError | KafkaError) -> None:
    async def prepare() -> None:
        raise refusal

    with pytest.raises(type(refusal)):
        await once_prepared(there, prepare)()
