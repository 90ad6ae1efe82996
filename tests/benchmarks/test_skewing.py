import torch
from torch.testing import assert_close

from benchmarks.skewing import D_HEAD, FORMS, Vectors, arguments


def test_both_forms_are_the_same_function_of_the_keys_up_to_the_query():
    gathered, skewed = (form(*arguments(50)).tril() for form in FORMS.values())
    assert_close(gathered, skewed, atol=1e-5, rtol=1e-5)
    assert gathered[0].tril().ne(0).sum() == 50 * 51 // 2


def test_one_has_a_vector_for_each_pair_and_the_other_for_each_distance():
    length = 80  # a multiple of 16: reproducible products pad other sides
    for form, vectors in (("gathered", length**2), ("skewed", length)):
        with torch.no_grad(), Vectors() as counter:
            FORMS[form](*arguments(length))
        drawn = 2 * length  # the query and the embeddings, which `arguments` allocates
        assert counter.total == (vectors + drawn) * D_HEAD * 4


def test_a_view_allocates_nothing():
    numbers = torch.zeros(6, D_HEAD)
    with Vectors() as counter:
        numbers.view(2, 3, D_HEAD)[0].add_(1)
    assert counter.total == 0
