# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands made from the declarations, for the index and for practices that it does not know yet."""

from cli.made.command import Command, FieldForm
from cli.made.fields import field_said, fields_of
from protocol.book.declaration import Act, Create, List, ListOf, Operation, Reckon, Role, Show, operation_name


def command_of(operation: Operation) -> Command:
    """Return the command of an operation, in its declaration's own words."""
    name = operation_name(operation)
    noun, _, verb = name.partition(".")
    told = {
        "example": operation.example,
        "anyone": Role.ANYONE in operation.who,
        "operation": operation,
    }
    match operation:
        case Create(wish=wish, signed=signed):
            way = "" if signed is None else signed.value
            return Command(noun, verb, FieldForm.CREATE, field_said(wish), fields_of(wish), signed=way, **told)
        case Act(wish=wish, signed=signed, asks=asks, about=about):
            way = "" if signed is None else signed.value
            said = field_said(wish)
            return Command(noun, verb, FieldForm.ACT, said, fields_of(wish), asks=asks, about=about, signed=way, **told)
        case Show(shown=shown):
            return Command(noun, verb, FieldForm.SHOW, f"Show one: {field_said(shown)}", **told)
        case List(wanted=wanted):
            return Command(noun, verb, FieldForm.LIST, field_said(wanted), fields_of(wanted), **told)
        case ListOf(what=what, wanted=wanted, item=item):
            said = f"List the {what} of one: {field_said(item)}"
            return Command(noun, verb, FieldForm.LIST_OF, said, fields_of(wanted), **told)
        case Reckon(wanted=wanted, told=is_told, forms=forms):
            form, names = FieldForm.RECKON_TOLD if is_told else FieldForm.RECKON, tuple(one.name for one in forms)
            return Command(noun, verb, form, field_said(wanted), fields_of(wanted), forms=names, **told)
