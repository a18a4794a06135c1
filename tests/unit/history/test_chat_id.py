"""ChatId: a chat's identifier, parsed once."""

import pickle
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.chat_id import ChatId
from kernel.ids import UserId

user_ids = st.uuids().map(lambda value: UserId(str(value)))


@given(one=user_ids, other=user_ids)
def test_a_direct_chat_names_the_same_two_users_from_either_side(one: UserId, other: UserId) -> None:
    chat_id = ChatId.direct(one, other)

    assert chat_id == ChatId.direct(other, one)
    assert chat_id.is_direct
    assert chat_id.members == tuple(sorted((one, other)))
    assert (chat_id.other(one), chat_id.other(other)) == (other, one)


@given(creator=user_ids, name=st.uuids())
def test_a_group_has_no_members_in_its_id(creator: UserId, name: UUID) -> None:
    chat_id = ChatId.group(creator, name)

    assert not chat_id.is_direct
    assert chat_id.members == ()


@given(one=user_ids, other=user_ids)
def test_it_is_the_same_key_as_its_text(one: UserId, other: UserId) -> None:
    chat_id = ChatId.direct(one, other)

    assert {chat_id: 1}[ChatId(str(chat_id))] == 1
    assert pickle.loads(pickle.dumps(chat_id)).members == chat_id.members


def test_three_users_are_no_direct_chat() -> None:
    with pytest.raises(ValueError, match="two ids"):
        ChatId("a_b_c")
