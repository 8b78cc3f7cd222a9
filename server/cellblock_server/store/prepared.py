"""Statements that every execution runs, compiled once: compiling costs more than running."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

Values = Mapping[str, Any]


class Prepared:
    """An insertion or a change of rows, as text for the driver.

    Compiled once for each kind of database and each set of column names: callers use few of those.
    """

    def __init__(self, statement: Insert | Update) -> None:
        """Prepare `statement`. Its columns' values are passed at execution."""
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def execute(self, connection: Connection, values: Values) -> None:
        """Run the statement, as part of a transaction. Raises what `Connection.execute` does."""
        form = self._form(connection.dialect, values)
        connection.exec_driver_sql(form.text, form.parameters(values))

    def execute_all(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Run the statement for one or more rows with the same names. Raises as `execute`."""
        form = self._form(connection.dialect, rows[0])
        connection.exec_driver_sql(form.text, [form.parameters(row) for row in rows])

    def _form(self, dialect: Dialect, values: Values) -> "_Form":
        key = dialect.name, *values
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self._statement, dialect, values)
        return form


class _Form:
    """Compiled form of a statement for one kind of database and one set of names."""

    def __init__(self, statement: Insert | Update, dialect: Dialect, names: Values) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        self.text = compiled.string
        self._is_positional = compiled.positional
        order = compiled.positiontup if compiled.positional else compiled.binds
        self._converters = [
            (name, _converter(compiled.binds[name].type, dialect)) for name in order or ()
        ]

    def parameters(self, values: Values) -> Any:  # noqa: ANN401 - the driver's
        """Return values in the driver's form."""
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
