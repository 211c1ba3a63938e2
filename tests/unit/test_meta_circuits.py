"""When a destination is left alone, and for how long."""

from connectors.meta.circuits import Circuit, Patience, patient_for
from connectors.meta.failures import Failure


def test_an_open_circuit_lets_one_request_try_when_the_wait_is_over() -> None:
    circuit = Circuit(Patience(), lambda: 0.0)
    circuit.failed(0.0, Failure("throttled", 400, 17, pause_seconds=60))

    assert circuit.ask(10.0) == 50.0
    assert circuit.ask(60.0) == 0.0
    assert circuit.ask(60.0) > 0
    circuit.answered(60.1)
    assert circuit.ask(60.1) == 0.0
    assert circuit.ask(60.1) == 0.0


def test_the_answer_to_an_earlier_request_does_not_close_an_open_circuit() -> None:
    circuit = Circuit(Patience(), lambda: 0.0)
    circuit.failed(0.0, Failure("throttled", 400, 17, pause_seconds=60))

    circuit.answered(0.1)

    assert circuit.state == "open"


def test_a_failing_server_that_asks_for_a_rest_gets_it() -> None:
    circuit = Circuit(Patience(), lambda: 0.0)

    circuit.failed(0.0, Failure("transient", 503, pause_seconds=30))

    assert circuit.ask(1.0) == 29.0


def test_waits_double_up_to_the_longest_and_are_shortened_by_chance() -> None:
    patience = Patience(first_wait_seconds=1, longest_wait_seconds=10)

    assert [patience.backoff(failures, 0.0) for failures in (1, 2, 3, 4, 5, 99)] == [1, 2, 4, 8, 10, 10]
    assert patience.backoff(1, 0.999) > 0.5


def test_a_destination_that_is_down_is_tried_as_often_as_the_setting_says() -> None:
    for seconds, first in ((60.0, 0.5), (0.2, 0.2)):
        patience = patient_for(seconds)

        assert (patience.token_wait_seconds, patience.backoff(99, 0.0), patience.backoff(1, 0.0)) == (
            seconds,
            seconds,
            first,
        )
