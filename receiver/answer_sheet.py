"""The answers of one transmission, in any order, each perhaps more than once. Pure."""

from semvid.answers import Answered, TaskAnswer, TaskHeader
from semvid.errors import InvalidInput


class AnswerSheet:
    """What has arrived of them. Not thread-safe.

    Attributes:
        header: how many there are to be; None as long as that has not arrived.
        answers: by number of the question.
    """

    def __init__(self) -> None:
        self.header: TaskHeader | None = None
        self.answers: dict[int, Answered] = {}

    @property
    def begun(self) -> bool:
        """Whether anything of answers has arrived."""
        return self.header is not None or bool(self.answers)

    @property
    def complete(self) -> bool:
        """Whether all of them are there."""
        return self.header is not None and len(self.answers) == self.header.answers

    def add(self, unit: TaskHeader | TaskAnswer) -> bool:
        """Takes one unit in; whether it is new.

        Raises:
            InvalidInput: it contradicts an earlier one.
        """
        if isinstance(unit, TaskHeader):
            return self._add_header(unit)
        self._check_number(unit.number, self.header)
        new = unit.number not in self.answers
        if self.answers.setdefault(unit.number, unit.answered) != unit.answered:
            raise InvalidInput(f"the answer to question {unit.number} contradicts an earlier one")
        return new

    def _add_header(self, header: TaskHeader) -> bool:
        if self.header not in (None, header):
            raise InvalidInput("the task header contradicts an earlier one")
        for number in self.answers:
            self._check_number(number, header)
        new, self.header = self.header is None, header
        return new

    def _check_number(self, number: int, header: TaskHeader | None) -> None:
        if header is not None and number >= header.answers:
            raise InvalidInput(f"there is an answer {number}, but the task has {header.answers} of them")
