"""Pictures of inputs and outputs that later changes do not reach."""

from callboard import snapshots


class Meter:
    def __init__(self) -> None:
        self.bytes = 0
        self.nodes = snapshots.MAX_DETAILED_NODES


def test_later_changes_to_messages_are_not_seen():
    messages = [{"role": "user", "content": [{"type": "text", "text": "before"}]}]

    picture = snapshots.take(messages, Meter())
    messages[0]["content"][0]["text"] = "after"
    messages[0]["role"] = "changed"
    messages.append({"role": "assistant"})

    assert picture == [{"role": "user", "content": [{"type": "text", "text": "before"}]}]


def test_texts_are_counted_and_not_copied():
    meter = Meter()
    text = "x" * 1000

    picture = snapshots.take([text, {"a": text}], meter)

    assert picture[0] is text
    assert 2000 <= meter.bytes <= 2400


def test_objects_are_kept_by_reference_and_never_asked_anything():
    class Strange:
        def __getattribute__(self, name):
            raise AssertionError(name)

    strange = Strange()

    assert snapshots.take([strange], Meter())[0] is strange


def test_a_huge_list_costs_little_and_says_what_was_left_out():
    picture = snapshots.take(list(range(50_000)), Meter())

    assert len(picture) == snapshots.MAX_ITEMS + 1
    assert picture[-1] == "… and 40000 more items"


def test_a_long_list_of_long_texts_is_counted_about_right():
    meter = Meter()

    snapshots.take(["x" * 10_000] * 1_000, meter)

    assert 9_000_000 < meter.bytes < 11_000_000


def test_a_structure_that_contains_itself_ends():
    loop: list[object] = [1]
    loop.append(loop)

    assert snapshots.take(loop, Meter())[0] == 1


def test_arguments_are_named_without_self():
    arguments = snapshots.CallArguments((object(), "hi", 1, 2), {"key": "v"}, ("self", "text"), Meter())

    assert arguments.by_name() == {"text": "hi", "args": [1, 2], "key": "v"}


def test_messages_with_parts_and_numbers_are_copied_to_the_bottom():
    parts = [{"type": "text", "text": "before"}]
    arguments = [{"role": "user", "content": parts, "weight": 1.5, "seen": {"by": ["ada"]}}, "text", 3, None]
    meter = Meter()

    picture = snapshots.CallArguments((arguments,), {}, ("messages",), meter).by_name()["messages"]
    parts[0]["text"] = "after"
    arguments[0]["seen"]["by"].append("bob")

    assert picture[0] == {
        "role": "user",
        "content": [{"type": "text", "text": "before"}],
        "weight": 1.5,
        "seen": {"by": ["ada"]},
    }
    assert picture[1:] == ["text", 3, None]
    assert snapshots.MAX_DETAILED_NODES - meter.nodes == 13


def test_a_budget_used_up_within_one_list_stops_the_detail_of_what_follows():
    meter = Meter()
    value = [[{"text": "x" * 10} for _ in range(60)] for _ in range(20)]

    picture = snapshots.take(value, meter)

    assert picture == value
    assert picture[0][0] is not value[0][0]
    assert picture[-1][0] is value[-1][0]


def test_the_texts_in_objects_of_other_libraries_are_counted():
    class Message:
        def __init__(self, content):
            self.content = content

    answer = {"choices": [Message("x" * 1000), Message([{"text": "y" * 1000}])], "vectors": [[0.5] * 1000]}

    assert 2000 + 32_000 <= snapshots.text_bytes(answer) <= 2600 + 32_000


def test_counting_the_texts_of_an_object_that_contains_itself_ends():
    loop: list[object] = ["x"]
    loop.append(loop)

    assert snapshots.text_bytes(loop) > 0
