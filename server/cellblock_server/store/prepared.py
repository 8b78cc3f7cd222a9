"""Statements that every execution has, compiled once: else that costs more than to run them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

Values = Mapping[str, Any]


class Prepared:
    """An insertion or a change of rows, as text for the driver.

    It is made for each kind of database and each set of names that it is given values for: callers
    have few of those.
    """

    def __init__(self, statement: Insert | Update) -> None:
        """Prepare `statement`. Columns to set come with their values."""
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def execute(self, connection: Connection, values: Values) -> None:
        """Run it, as part of a transaction. Raises what `Connection.execute` does."""
        form = self._form(connection.dialect, values)
        connection.exec_driver_sql(form.text, form.parameters(values))

    def execute_all(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Run it for each of at least one row, all with the same names. Raises as `execute`."""
        form = self._form(connection.dialect, rows[0])
        connection.exec_driver_sql(form.text, [form.parameters(row) for row in rows])

    def _form(self, dialect: Dialect, values: Values) -> "_Form":
        key = dialect.name, *values
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._statement, dialect, values)
        return form


class _Form:
    """What a statement is for one kind of database and one set of names."""

    def __init__(self, statement: Insert | Update, dialect: Dialect, names: Values) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        self.text = compiled.string
        self._is_positional = compiled.positional
        order = compiled.positiontup if compiled.positional else compiled.binds
        self._converters = [
            (name, _converter(compiled.binds[name].type, dialect)) for name in order or ()
        ]

    def parameters(self, values: Values) -> Any:  # noqa: ANN401 - the driver's
        """Values as the driver takes them."""
        if self._is_positional:
            return tuple(
                [
                    values[name] if convert is None else convert(values[name])
                    for name, convert in self._converters
                ]
            )
        return {
            name: values[name] if convert is None else convert(values[name])
            for name, convert in self._converters
        }


def _converter(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:  # noqa: ANN401
    converter: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return converter
