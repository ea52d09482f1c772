"""Files of rows, whole and broken, in pieces of any size."""

from __future__ import annotations

import csv
import io
import json
from itertools import islice

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals import file_rows
from evals.errors import FileNotUsable
from evals.file_rows import Layout


def pieces(data: bytes, size: int):
    return (data[start : start + size] for start in range(0, len(data), size))


def rows(data: str | bytes, size: int = 7):
    data = data.encode() if isinstance(data, str) else data
    return list(file_rows.rows(pieces(data, size), file_rows.recognise(data)))


def values(data: str | bytes, size: int = 7):
    return [row.values for row in rows(data, size)]


# Tables


def test_a_table_names_its_columns_in_the_first_line():
    found = rows('question,answer\n"Where, and\nwhen?",Here\n\nWho?,Me\n')

    assert [(row.line, row.values) for row in found] == [
        (2, {"question": "Where, and\nwhen?", "answer": "Here"}),
        (5, {"question": "Who?", "answer": "Me"}),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_recognised(separator):
    assert values(f"a{separator}b\r\n1{separator}2\r\n") == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_of_spreadsheets_are_decoded(encoding):
    assert values("frage\nWo ist das Gerät?\n".encode(encoding), size=3) == [{"frage": "Wo ist das Gerät?"}]


def test_old_characters_are_refused_with_the_line_and_the_way_out():
    with pytest.raises(FileNotUsable, match=r"Line 3 .* «CSV UTF-8»"):
        rows("frage\nWo?\nGerät\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("a,,b\n1,2,3\n", "Column 2 has no name"),
        ("a,a\n1,2\n", "Two columns are named «a»"),
        (",".join(f"c{number}" for number in range(201)) + "\n", "201 columns"),
        (b"PK\x03\x04rest", "Excel"),
        (b"\x1f\x8brest", "compressed"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text, sentence):
    with pytest.raises(FileNotUsable, match=sentence):
        rows(text)


def test_a_row_with_too_many_cells_is_named_and_the_others_are_read():
    found = rows("a,b\n1,2,3\n4\n5,6\n")

    assert [(row.line, bool(row.problem)) for row in found] == [(2, True), (3, False), (4, False)]
    assert "3 cells, but there are 2 columns" in found[0].problem
    assert found[1].values == {"a": "4", "b": ""}


def test_a_forgotten_quotation_mark_is_named():
    assert "quotation mark" in rows('a\n"never closed\n1\n')[0].problem


def test_what_our_own_files_escape_is_unescaped():
    assert values("a\n'=1+1\n'tis\n") == [{"a": "=1+1"}, {"a": "'tis"}]


# JSON


def test_lines_of_json_are_read_one_by_one():
    found = rows('{"input": "a"}\n\nnonsense\n["x"]\n7\n')

    assert [(row.line, row.values) for row in found[:1]] == [(1, {"input": "a"})]
    assert [row.line for row in found if row.problem] == [3, 5]
    assert "character 1" in found[1].problem


@pytest.mark.parametrize(
    "text",
    [
        '[{"input": "a"}, {"input": "b"}]',
        '{"name": "set", "version": 12, "items": [{"input": "a"}, {"input": "b"}], "total": 2}',
        '{"data":[{"input":"a"},{"input":"b"}]}',
        '{\n  "input": "a"\n}\n{\n  "input": "b"\n}\n',
        '{"input": "a"}\n{"input": "b"}',
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_documents_are_read_whatever_holds_the_items(text, size):
    assert values(text, size) == [{"input": "a"}, {"input": "b"}]


def test_a_broken_document_says_where_and_keeps_what_came_before():
    reading = file_rows.rows([b'[{"input": "a"},\n', b'{"input": }]'], Layout.DOCUMENT)

    assert next(reading).values == {"input": "a"}
    with pytest.raises(FileNotUsable, match="Line 2"):
        next(reading)


def test_deep_nesting_ends_with_a_sentence():
    with pytest.raises(FileNotUsable, match="Line 1"):
        list(file_rows.rows([b"[" * 200_000], Layout.DOCUMENT))
    assert rows('{"a": ' + "[" * 5_000 + "]" * 5_000 + "}")[0].problem


def test_an_endless_line_is_refused_before_it_fills_the_memory():
    def endless():
        yield b'{"input": "a"}\n{"input": "'
        while True:
            yield b"x" * 100_000

    with pytest.raises(FileNotUsable, match="Line 2 is longer than 2 MiB"):
        list(file_rows.rows(endless(), Layout.LINES))
    with pytest.raises(FileNotUsable, match="longer than 2 MiB"):
        list(islice(file_rows.rows(iter([b'[{"input": "a"}, "', *[b"x" * 100_000] * 40]), Layout.DOCUMENT), 9))


# Whatever comes


_CELL = st.text(st.characters(exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=12)


@given(
    table=st.lists(st.lists(_CELL, min_size=3, max_size=3), max_size=6),
    size=st.integers(1, 40),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_what_a_spreadsheet_writes_is_read_back(table, size, separator):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["one", "two", "three"], *table])

    found = values(text.getvalue(), size)

    kept = [row for row in table if any(cell.strip() for cell in row)]
    assert found == [
        dict(zip(["one", "two", "three"], map(file_rows._unescaped, row), strict=True)) for row in kept
    ]  # fmt: skip


_OBJECT = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.none()
    | st.integers(-(2**53), 2**53)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    max_size=4,
)


@given(objects=st.lists(_OBJECT, min_size=1, max_size=5), size=st.integers(1, 60), indent=st.sampled_from([None, 1]))
def test_json_is_read_back_in_every_layout(objects, size, indent):
    lines = b"\n".join(orjson.dumps(one) for one in objects)
    document = json.dumps(objects, indent=indent)

    assert [row.values for row in file_rows.rows(pieces(lines, size), Layout.LINES)] == objects
    assert values(document, size) == objects


@settings(max_examples=200)
@given(data=st.binary(max_size=300), size=st.integers(1, 40))
def test_no_bytes_make_it_fail_in_any_other_way(data, size):
    for layout in Layout:
        try:
            list(file_rows.rows(pieces(data, size), layout))
        except FileNotUsable:
            continue
