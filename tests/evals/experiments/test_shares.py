"""Free places go to projects equally, and in a project to its experiments equally."""

from __future__ import annotations

from evals.experiments.shares import Contender, divide


def test_one_experiment_alone_gets_what_it_can_use():
    assert divide(64, [Contender(1, 1, busy=0, waiting=10)]) == {1: 10}


def test_two_experiments_share():
    assert divide(10, [Contender(1, 1, 0, 99), Contender(2, 1, 0, 99)]) == {1: 5, 2: 5}


def test_whoever_comes_later_catches_up():
    assert divide(20, [Contender(1, 1, 60, 99), Contender(2, 2, 0, 99)]) == {2: 20}


def test_many_experiments_of_one_project_count_as_much_as_one_of_another():
    crowd = [Contender(number, 1, 0, 99) for number in range(1, 6)]

    given = divide(20, [*crowd, Contender(9, 2, 0, 99)])

    assert given[9] == 10
    assert sum(given.values()) == 20


def test_what_one_cannot_use_goes_to_the_other():
    assert divide(10, [Contender(1, 1, 0, 2), Contender(2, 2, 0, 99)]) == {1: 2, 2: 8}


def test_nobody_waits_for_nothing():
    assert divide(10, []) == {}
