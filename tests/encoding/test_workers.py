import pytest

from pipeline.encoding.workers import batched, ordered_map


@pytest.mark.parametrize(("size", "expected"), [(2, [[0, 1], [2, 3], [4]]), (5, [[0, 1, 2, 3, 4]])])
def test_batches_have_their_size(size, expected):
    assert list(batched(range(5), size)) == expected
    assert list(batched([], size)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_and_little_is_read_ahead(workers):
    read = []

    def batches():
        for number in range(30):
            read.append(number)
            yield range(number)

    found = ordered_map(sum, batches(), workers)
    assert next(found) == 0
    assert len(read) <= 2 * workers
    assert list(found) == [sum(range(number)) for number in range(1, 30)]


def test_an_error_of_a_worker_is_the_error_here():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map((1).__truediv__, [1, 0, 2], 2))
