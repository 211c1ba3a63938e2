"""`storestream query NAME --shop SHOP`: one command per file of analytics/queries, its options from the file."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import click

from analytics.parameters import Parameter
from analytics.questions import Answer, Form, Question, explain, pieces, query, questions
from deploy.commands.output import print_table

_FORMS: Final[dict[str, Form]] = {"csv": "CSVWithNames", "json": "JSONEachRow"}


class _Questions(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(questions())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        question = questions().get(cmd_name)
        return None if question is None else _command(question)


@click.group(cls=_Questions)
def command() -> None:
    """Ask one of the questions in analytics/queries."""


def _command(question: Question) -> click.Command:
    options: list[click.Parameter] = [_option(parameter) for parameter in question.parameters]
    options += [
        click.Option(
            ["--format", "form"],
            type=click.Choice(["table", *_FORMS]),
            default="table",
            show_default=True,
            help="How to print the answer.",
        ),
        click.Option(["--explain", "explained"], is_flag=True, help="Print how ClickHouse would answer instead."),
    ]
    return click.Command(question.name, callback=_asker(question), params=options, help=question.text)


def _option(parameter: Parameter) -> click.Option:
    kind: click.ParamType = click.STRING
    if parameter.is_number:
        kind = click.IntRange(min=parameter.least or 0, max=parameter.most)
    elif parameter.choices:
        kind = click.Choice(parameter.choices)
    return click.Option(
        [f"--{parameter.name.replace('_', '-')}", parameter.name],
        required=parameter.default is None,
        default=parameter.default,
        show_default=True,
        type=kind,
        help=f"{parameter.about} (commas between)" if parameter.is_list else parameter.about,
    )


def _asker(question: Question) -> Callable[..., None]:
    def ask(form: str, explained: bool, **parameters: Any) -> None:
        if explained:
            click.echo(explain(question.name, **parameters))
        elif form == "table":
            _print_table(query(question.name, **parameters))
        else:
            for piece in pieces(question.name, _FORMS[form], **parameters):
                click.echo(piece, nl=False)

    return ask


def _print_table(answer: Answer) -> None:
    rows = [{column: _cell(value) for column, value in zip(answer.columns, row, strict=True)} for row in answer.rows]
    print_table(rows, answer.columns)
    if not rows:
        click.echo("no rows", err=True)


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{amount:.2f} {currency}" for currency, amount in value.items())
    return f"{value:,.2f}" if isinstance(value, Decimal) else value
