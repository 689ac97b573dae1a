"""What the compiler uses of `typing`, without importing it.

`typing`, and a hundred named tuples made by it, take a fifth of the time of a small compile. Type
checkers see `typing` itself. A `NamedTuple` from here is what one of `typing` is: fields, defaults,
`_replace`, `_asdict`, `_make`, patterns, pickles, the same errors. But its `__new__` is not
compiled for each class: those of one length share their code, under names of their own.
"""

import sys

__all__ = [
    "TYPE_CHECKING",
    "Any",
    "ClassVar",
    "Generic",
    "Literal",
    "NamedTuple",
    "Protocol",
    "TypeVar",
    "Union",
    "cast",
    "dataclass_transform",
    "overload",
]

TYPE_CHECKING = False
if TYPE_CHECKING or sys.version_info >= (3, 14):  # which keeps annotations elsewhere
    from typing import (
        Any,
        ClassVar,
        Generic,
        Literal,
        NamedTuple,
        Protocol,
        TypeVar,
        Union,
        cast,
        dataclass_transform,
        overload,
    )
else:
    from _collections import _tuplegetter
    from types import FunctionType

    class _Form:
        """Stands where an annotation is evaluated, which nothing reads."""

        def __getitem__(self, _):
            return self

        def __or__(self, _):
            return self

        __ror__ = __or__

    Any = ClassVar = Literal = Union = _Form()

    class Generic:
        def __class_getitem__(cls, _):
            return cls

    Protocol = Generic

    def TypeVar(*_, **__):  # noqa: N802
        return _Form()

    def cast(_, value):
        return value

    def overload(function):
        return function

    def dataclass_transform(**_):
        return lambda decorated: decorated

    _new = tuple.__new__
    _codes = {}
    _getters = []

    def _maker(name, fields, defaults):
        """`__new__` of a class, as a function of its fields."""
        count = len(fields)
        if count not in _codes:
            names = [f"_{index}" for index in range(count)]
            values = "".join(f"{name}, " for name in names)
            _codes[count] = eval(f"lambda {', '.join(['_cls', *names])}: _new(_cls, ({values}))")
        code = _codes[count].__code__.replace(co_varnames=("_cls", *fields), co_name="__new__")
        made = FunctionType(code, {"_new": _new, "__builtins__": {}}, "__new__", defaults)
        made.__qualname__ = f"{name}.__new__"
        return made

    _Unexpected = TypeError if sys.version_info >= (3, 13) else ValueError

    class _Methods:
        @classmethod
        def _make(cls, iterable):
            made = _new(cls, iterable)
            if len(made) != len(cls._fields):
                raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
            return made

        def _replace(self, /, **changed):
            values, places = [*self], self._places
            try:
                for name, value in changed.items():
                    values[places[name]] = value
            except KeyError:
                unknown = [name for name in changed if name not in places]
                raise _Unexpected(f"Got unexpected field names: {unknown!r}") from None
            return _new(type(self), values)

        __replace__ = _replace

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            parts = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({', '.join(parts)})"

        def __getnewargs__(self):
            return tuple(self)

    _METHODS = {
        name: _Methods.__dict__[name]
        for name in ("_make", "_replace", "__replace__", "_asdict", "__repr__", "__getnewargs__")
    }

    class _Maker(type):
        def __new__(cls, name, bases, space):
            fields = tuple(space.get("__annotations__", ()))
            defaults = {field: space[field] for field in fields if field in space}
            if list(defaults) != list(fields[len(fields) - len(defaults) :]):
                raise TypeError(f"a field of {name} without a default follows one that has one")
            members = _METHODS | space
            for index, field in enumerate(fields):
                if index == len(_getters):
                    _getters.append(_tuplegetter(index, f"Alias for field number {index}"))
                members[field] = _getters[index]
            members["__slots__"] = ()
            members["__new__"] = _maker(name, fields, tuple(defaults.values()))
            members["_fields"] = members["__match_args__"] = fields
            members["_field_defaults"] = defaults
            members["_places"] = dict(zip(fields, range(len(fields)), strict=True))
            return type(name, (tuple,), members)

    class _NamedTuple:
        def __mro_entries__(self, bases):
            return (_base,)

    _base = type.__new__(_Maker, "NamedTuple", (), {})
    NamedTuple = _NamedTuple()
