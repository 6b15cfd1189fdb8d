# SPDX-License-Identifier: AGPL-3.0-or-later
"""A chain is a list of ids with their epochs, whatever is added to it, cut from it and asked of it."""

from hypothesis import given
from hypothesis import strategies as st

from crdt.chain import Chain

steps = st.lists(st.one_of(st.tuples(st.integers(0, 2), st.integers(0, 255)), st.integers(-2, 12)), max_size=40)


@given(steps, st.integers(0, 5))
def test_it_is_a_list_of_ids_and_epochs(said: list[tuple[int, int] | int], first: int) -> None:
    chain, model, epoch = Chain(first), list[tuple[int, bytes]](), 0
    for one in said:
        if isinstance(one, int):
            chain.cut(first + one)
            del model[max(0, one) :]
            epoch = model[-1][0] if model else 0
        else:
            epoch += one[0]
            chain.append(epoch, bytes([one[1]]) * 4)
            model.append((epoch, bytes([one[1]]) * 4))
    placed = dict(enumerate(model, first))
    for seq in range(-3, first + len(model) + 3):
        assert (chain.epoch_at(seq), chain.id_at(seq)) == placed.get(seq, (None, None))
    assert len(chain) == len(model)
    assert list(chain.after(first)) == [((e, seq), i) for seq, (e, i) in placed.items() if seq > first]
    again = Chain(first)
    for e, i in model:
        again.append(e, i)
    assert chain == again
    again.append(epoch, b"more")
    assert chain != again
