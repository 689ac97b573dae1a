"""Numbers that stand for those of many variants: the compiler's own formulas run on them.

A number is a linear form over whole atoms, `(3*a + b - 12) / 4`; an atom is a parameter, a product
of forms, a rounded quotient, a maximum, a comparison as 0 or 1, or the end of a planned arena. It
also has a value, that of one variant, the witness, which decides every comparison. What intervals
do not decide for all variants is recorded as a guard: a variant for which all guards have the same
outcome takes the same way through the compiler, so that its figures are the same forms.

What cannot be followed, such as a hash, raises `Escape`; `__index__` makes the value a constant of
the class. Nothing is guessed.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from math import gcd, lcm
from operator import mul
from typing import Any

from archc.space import joins
from archc.space.atoms import Axis, Form, Lives, Terms, scaled, summed
from archc.space.decisions import Compared
from archc.space.kept import NOTHING, OPERATIONS, kept
from archc.space.trace import Escape, Product, Trace
from archc.space.witness import Denominator


def parameter(trace: Trace, axis: Axis, k: int) -> "Number":
    """A parameter whose value is that of the witness."""
    trace.witness(axis.name, k)
    atom = trace.atom("axis", (axis.name,), lambda: (0, axis.last))
    return number(trace, ((atom, axis.step),), axis.first, axis.denominator)


def number(trace: Trace, terms: Terms, constant: int, denominator: int = 1) -> "Number":
    """The number of a form over a denominator, which is reduced."""
    if denominator != 1:
        shared = gcd(denominator, constant, *[factor for _, factor in terms])
        if shared != 1:
            terms = tuple([(atom, factor // shared) for atom, factor in terms])
            constant //= shared
            denominator //= shared
    key = (terms, constant, denominator)
    made: Number | None = trace.numbers.get(key)
    if made is None:
        made = trace.numbers[key] = object.__new__(Number)
        made.trace, made.terms, made.constant, made.over = trace, *key
        made.form, made.key = Form(terms, constant), object()
        made.results, made.limit = [NOTHING] * len(OPERATIONS), None
    return made


Exact = int | Fraction


class Number(Compared):
    """See the module."""

    __slots__ = ("constant", "form", "key", "limit", "over", "results", "terms", "trace")
    key: object
    """Tells it from all other numbers of the trace, and from integers."""
    results: list[dict[Any, Any]]
    """By operation, then by the other operand."""
    limit: int | None
    constant: int

    def _lift(self, other: Any) -> "Number | None":
        if type(other) is Number:
            return other
        if type(other) is int:
            return number(self.trace, (), other)
        if isinstance(other, Fraction | int):
            return number(self.trace, (), other.numerator, other.denominator)
        return None

    @property
    def most(self) -> int:
        """The largest whole number that it reaches, whatever the variant."""
        if self.limit is None:
            self.limit = self.trace.bounds(self.form)[1] // self.over
        return self.limit

    # --- arithmetic ---------------------------------------------------------------------------

    def _sum(self, other: Any, sign: int, own: int = 1) -> tuple[Terms, int, int]:
        """`own * self + sign * other`: terms, constant and denominator."""
        if type(other) is int:
            return (
                scaled(self.terms, own),
                own * self.constant + sign * other * self.over,
                self.over,
            )
        more = self._lifted(other)
        over, mine, theirs = self.over, own, sign
        if more.over != over:
            over = lcm(over, more.over)
            mine, theirs = own * (over // self.over), sign * (over // more.over)
        terms = summed(self.terms, mine, more.terms, theirs)
        return terms, self.constant * mine + more.constant * theirs, over

    def _plus(self, other: object, sign: int, own: int = 1) -> "Number":
        if self._lift(other) is None:
            return NotImplemented  # type: ignore[no-any-return]
        return number(self.trace, *self._sum(other, sign, own))

    @kept
    def __add__(self, other: Any) -> "Number":
        return self._plus(other, 1)

    __radd__ = __add__

    @kept
    def __sub__(self, other: Any) -> "Number":
        return self._plus(other, -1)

    @kept
    def __rsub__(self, other: Any) -> "Number":
        return self._plus(other, 1, -1)

    def __neg__(self) -> "Number":
        return 0 - self  # type: ignore[no-any-return]

    def __pos__(self) -> "Number":
        return self

    def __abs__(self) -> "Number":
        return -self if self < 0 else self

    def _times(self, factor: int, over: int = 1) -> "Number":
        if factor == 0:
            return number(self.trace, (), 0)
        terms = self.terms
        if factor != 1:
            terms = tuple([(atom, each * factor) for atom, each in terms])
        return number(self.trace, terms, self.constant * factor, self.over * over)

    def __mul__(self, other: Any) -> "Number":  # type: ignore[override]
        if type(other) is int and other == 1:
            return self  # a product begins with it
        if type(other) is Number and other.terms and self.terms:
            return self._product(other)
        return self._scaled(other)  # type: ignore[no-any-return]

    __rmul__ = __mul__  # type: ignore[assignment]

    @kept
    def _scaled(self, other: Any) -> "Number":
        more = self._lift(other)
        if more is None:
            return NotImplemented  # type: ignore[no-any-return]
        if not more.terms:
            return self._times(more.constant, more.over)
        return more._times(self.constant, self.over)

    def _factors(self) -> tuple[int, tuple[Form, ...]]:
        """A whole factor, and forms without one: their product is the numerator."""
        terms, constant = self.terms, self.constant
        shared = gcd(constant, *[factor for _, factor in terms])
        if terms[0][1] < 0:
            shared = -shared
        if shared != 1:
            terms = tuple([(atom, factor // shared) for atom, factor in terms])
            constant //= shared
        if len(terms) == 1 and not constant:
            atom = self.trace.atoms[terms[0][0]]
            if atom.kind == "product":
                return shared, atom.args
        return shared, (Form(terms, constant),)

    def _product(self, other: "Number") -> "Number":
        """A product with another one, neither a constant."""
        product, times, over = self._multiplied(other)
        index = self.trace.product(product)
        made: Number | None = product.made.get((index, times, over))
        if made is None:
            made = product.made[index, times, over] = number(self.trace, ((index, times),), 0, over)
        return made

    @kept
    def _multiplied(self, other: "Number") -> tuple[Product, int, int]:
        """The factors of a product, each without a whole factor; those together; its divisor."""
        (mine, left), (theirs, right) = self._factors(), other._factors()
        factors = tuple(sorted((*left, *right)))
        product = self.trace.products.setdefault(factors, Product(factors))
        return product, mine * theirs, self.over * other.over

    def __truediv__(self, other: Any) -> "Number":  # type: ignore[override]
        more = self._lift(other)
        if more is None:
            return NotImplemented
        if more.terms:
            quotient = self._without(more)
            if quotient is None:
                raise Escape("division by a parameter", more.axes)
            return quotient
        factor = more.over if more.constant > 0 else -more.over
        return self._times(factor, abs(more.constant))

    def __rtruediv__(self, other: Any) -> "Number":  # type: ignore[override]
        more = self._lift(other)
        if more is None:
            return NotImplemented
        return more.__truediv__(self)

    def _without(self, divisor: "Number") -> "Number | None":
        """The quotient, where the divisor is a factor that is never 0."""
        parts: tuple[Number, ...] = self._parts(divisor)
        return reduce(mul, parts) if parts else None

    @kept
    def _parts(self, divisor: "Number") -> "tuple[Number, ...]":
        """The factors of the quotient; none where there is none."""
        if not self.terms or self.trace.bounds(divisor.form)[0] <= 0:
            return ()
        (shared, factors), (other, others) = self._factors(), divisor._factors()
        left = list(factors)
        for factor in others:
            if factor not in left:
                return ()
            left.remove(factor)
        first: Number = number(self.trace, (), shared * divisor.over, self.over)._times(1, other)
        return first, *[number(self.trace, *factor) for factor in left]

    @kept
    def _divided(self, other: Any) -> "Number":
        """Rounded down, by a constant that is not 0."""
        return (self / other).__floor__()  # type: ignore[no-any-return]

    def __floordiv__(self, other: Any) -> "Number":  # type: ignore[override]
        if type(other) is int:
            return self._divided(other)  # type: ignore[no-any-return]
        more = self._lift(other)
        if more is None:
            return NotImplemented
        if not more.terms:
            return self._divided(more)  # type: ignore[no-any-return]
        exact = self._without(more)
        if exact is not None:
            return exact.__floor__()
        low, high = self.trace.bounds(more.form)
        if low <= 0:
            raise Escape("division by what may be 0", more.axes)
        above = Form(scaled(self.terms, more.over), self.constant * more.over)
        below = Form(scaled(more.terms, self.over), more.constant * self.over)
        trace, least, most = self.trace, low * self.over, high * self.over

        def bounds() -> tuple[int, int]:
            corners = [a // b for a in trace.bounds(above) for b in (least, most)]
            return min(corners), max(corners)

        return number(trace, ((trace.atom("divided", (above, below), bounds), 1),), 0)

    def __rfloordiv__(self, other: Any) -> "Number":  # type: ignore[override]
        more = self._lift(other)
        if more is None:
            return NotImplemented
        return more.__floordiv__(self)

    def __mod__(self, other: Any) -> "Number":  # type: ignore[override]
        return self - (self // other) * other  # type: ignore[no-any-return]

    def __rmod__(self, other: Any) -> "Number":  # type: ignore[override]
        return other - (other // self) * self  # type: ignore[no-any-return]

    def __divmod__(self, other: Any) -> "tuple[Number, Number]":  # type: ignore[override]
        return self // other, self % other

    def __pow__(self, power: Any) -> "Number":  # type: ignore[override]
        if not isinstance(power, int | Fraction) or isinstance(power, Number):
            raise Escape("a parameter as an exponent", self.axes)
        if power.denominator != 1 or not 0 <= power <= 64:
            raise Escape("an exponent that is not a small whole number", self.axes)
        made = number(self.trace, (), 1)
        for _ in range(int(power)):
            made = made * self
        return made

    def __floor__(self) -> "Number":  # type: ignore[override]
        """`floor(form / d)`: whole multiples of d are taken out, and what divides all of the rest
        is cancelled. Leading coefficients are made positive by
        `floor(-y / d) = -floor((y + d - 1) / d)`, so that equal quotients are one atom."""
        return self if self.over == 1 else self._rounded(0)

    @kept
    def _rounded(self, _: int) -> "Number":
        trace, over = self.trace, self.over
        outside = tuple([(a, factor // over) for a, factor in self.terms if factor % over == 0])
        inside = tuple([entry for entry in self.terms if entry[1] % over])
        whole, rest = divmod(self.constant, over)
        if not inside:
            return number(trace, outside, whole)
        sign = 1
        if inside[0][1] < 0:
            inside = tuple([(atom, -factor) for atom, factor in inside])
            sign, rest = -1, over - 1 - rest
        shared = gcd(over, *[factor for _, factor in inside])
        if shared != 1:
            inside = tuple([(atom, factor // shared) for atom, factor in inside])
            rest, over = rest // shared, over // shared
        form = Form(inside, rest)
        low, high = (bound // over for bound in trace.bounds(form))
        if low == high:
            return number(trace, outside, whole + sign * low)
        atom = trace.atom("quotient", (form, over), lambda: (low, high))
        return number(trace, summed(outside, 1, ((atom, sign),), 1), whole)

    def __ceil__(self) -> "Number":  # type: ignore[override]
        return -((-self).__floor__())

    # --- without a decision -------------------------------------------------------------------

    @kept
    def larger(self, other: Any) -> "Number":
        more = self._lifted(other)
        return self.largest([*self._options(), *more._options()])

    def largest(self, numbers: Sequence[Exact]) -> "Number":
        return self._joined(self.leading(numbers))

    def leading(self, numbers: Sequence[Exact], known: int = 0) -> "list[Number]":
        left = [self._lifted(each) for each in numbers[:known]]
        every = [each for each in numbers[known:] if type(each) is Number]
        plain = [each for each in numbers[known:] if type(each) is not Number]
        if plain:
            every.append(self._lifted(max(plain)))
        every.sort(key=lambda each: -each.most)
        for each in every:
            for other in left:
                if other is each or other._covers(each):
                    break
            else:
                most = each.most
                left = [other for other in left if other.most > most or not each._covers(other)]
                left.append(each)
                if len(left) > joins.OPTIONS:
                    left = [self._joined(left)]
        return left

    def _joined(self, numbers: "Sequence[Number]") -> "Number":
        """The largest of numbers of which none is never below another one."""
        over = lcm(*[each.over for each in numbers])
        forms = [each._form(over) for each in numbers]
        return number(self.trace, *joins.maximum(self.trace, forms), over)

    def _options(self) -> "list[Number]":
        """The numbers that it is the largest of."""
        forms = joins.options(self.trace, self.form)
        return [number(self.trace, *form, self.over) for form in forms]

    @kept
    def _covers(self, other: Any) -> bool:
        """Whether it is never below another one."""
        if self.over == other.over:
            return joins.least(self.trace, self.form, other.form) >= 0
        over = lcm(self.over, other.over)
        return joins.least(self.trace, self._form(over), other._form(over)) >= 0

    def _form(self, over: int) -> Form:
        """Its form over a multiple of its denominator."""
        times = over // self.over
        return self.form if times == 1 else Form(scaled(self.terms, times), self.constant * times)

    def _lifted(self, other: Exact) -> "Number":
        made = self._lift(other)
        assert made is not None
        return made

    @kept
    def smaller(self, other: Any) -> "Number":
        return -((-self).larger(-other))  # type: ignore[no-any-return]

    @kept
    def below(self, other: Any) -> "Number":
        return number(self.trace, *joins.negative(self.trace, (self - other).form))

    def distinct(self, numbers: Sequence[Exact]) -> "Number":
        return number(self.trace, *joins.distinct(self.trace, self._forms(numbers)))

    def planned(self, sizes: Sequence[Exact], lives: Lives) -> "Number":
        return number(self.trace, *joins.plan(self.trace, self._forms(sizes), lives))

    def total(self, numbers: Sequence[Exact]) -> "Number":
        constant, terms = 0, dict[int, int]()
        for each in numbers:
            if type(each) is not Number:
                constant += each.numerator
                continue
            constant += each.constant
            for atom, factor in each.terms:
                terms[atom] = terms.get(atom, 0) + factor
        left = tuple(sorted([entry for entry in terms.items() if entry[1]]))
        return number(self.trace, left, constant)

    @kept
    def aligned(self, align: int) -> "Number":
        if self.over == 1 and not any(factor % align for _, factor in self.terms):
            return number(self.trace, self.terms, -(-self.constant // align) * align)
        return -(-self // align) * align

    def _forms(self, numbers: Sequence[Exact]) -> tuple[Form, ...]:
        """The forms of whole numbers."""
        return tuple(
            [each.form if type(each) is Number else Form((), each.numerator) for each in numbers]
        )

    # --- as whole numbers ---------------------------------------------------------------------

    @property
    def numerator(self) -> "Number":  # type: ignore[override]
        return self if self.over == 1 else self.__floor__()

    @property
    def denominator(self) -> Any:
        return 1 if self.over == 1 else Denominator(self)

    def as_integer_ratio(self) -> "tuple[Number, int]":  # type: ignore[override]
        """A ratio of whole numbers, which for other variants may not be reduced."""
        return number(self.trace, *self.form), self.over

    def bit_length(self) -> int:
        return max(abs(bound) for bound in self.trace.bounds(self.form)).bit_length()
