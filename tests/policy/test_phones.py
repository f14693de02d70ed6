"""Phone numbers: what people type becomes E.164 or a clear no, and people are found under every spelling."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from pytake_cli.errors import InvalidData
from pytake_cli.policy.phones import country_of, is_bsuid, parse, variants

BSUID = "US.13491208655302741918"


@pytest.mark.parametrize(
    ("typed", "country", "wanted"),
    [
        ("+5511968184101", None, "+5511968184101"),
        ("+55 (11) 96818-4101", None, "+5511968184101"),
        ("11 96818-4101", "BR", "+5511968184101"),
        ("(11) 96818.4101", "BR", "+5511968184101"),
        ("011 96818-4101", "BR", "+5511968184101"),
        ("021 11 96818-4101", "BR", "+5511968184101"),
        ("5511968184101", "BR", "+5511968184101"),
        ("0055 11 96818-4101", "BR", "+5511968184101"),
        ("00 55 11 96818-4101", "PT", "+5511968184101"),
        ("tel:+5511968184101", None, "+5511968184101"),
        ("11 4000-1234", "BR", "+551140001234"),
        ("+551140001234", None, "+551140001234"),
        ("912 345 678", "PT", "+351912345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("+39 06 1234567", None, "+39061234567"),
        ("06 1234567", "IT", "+39061234567"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("011 15 1234-5678", "AR", "+5491112345678"),
        ("+55\u00a011\u200e 96818\u20114101", None, "+5511968184101"),
        ("\uff0b\uff15\uff15 \uff11\uff11 968184101", None, "+5511968184101"),
        ("+\u0665\u0665\u0661\u0661968184101", None, "+5511968184101"),
    ],
)
def test_what_people_type_becomes_e164(typed: str, country: str | None, wanted: str) -> None:
    assert parse(typed, country) == wanted


@pytest.mark.parametrize(
    "typed", ["+5215512345678", "+525512345678", "+54111512345678", "+541112345678", "+556881234567", "+5568981234567"]
)
def test_digits_with_a_country_code_are_never_rewritten(typed: str) -> None:
    assert parse(typed) == typed


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("", None),
        ("+", None),
        ("abc", "BR"),
        ("1-800-FLOWERS", "US"),
        ("96818-4101", "BR"),
        ("11968184101", None),
        ("+999123456789", None),
        ("+123", None),
        ("+5511968184101234", None),
        ("+55119", None),
        ("+5511968184101;ext=4", None),
        (BSUID, "US"),
        (BSUID, None),
        (f" {BSUID} ", "BR"),
        ("@ana", "BR"),
        ("+1 212 555 0123 x", "US"),
        ("\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2", "BR"),
        ("+55 11 \x1b[31m968184101", None),
    ],
)
def test_what_is_no_phone_number_is_refused_with_a_way_out(typed: str, country: str | None) -> None:
    with pytest.raises(InvalidData) as caught:
        parse(typed, country)
    assert (caught.value.slug, bool(caught.value.why), bool(caught.value.fix)) == ("PT-PHONE", True, True)


@settings(max_examples=500, deadline=None)
@given(some.text(max_size=40), some.sampled_from([None, "BR", "US", "MX", "AR", "PT", "XX"]))
def test_anything_typed_gives_a_number_or_the_one_error(typed: str, country: str | None) -> None:
    try:
        number = parse(typed, country)
    except InvalidData:
        return
    assert number.startswith("+")
    assert number[1:].isdigit()
    assert 7 <= len(number[1:]) <= 15


def test_the_quick_way_and_the_library_agree_on_all_well_formed_numbers() -> None:
    mobiles = [f"+55{area}9{rest:08d}" for area in range(11, 100) for rest in range(0, 10**8, 10**7 - 1)]
    landlines = [f"+55{area}{rest:08d}" for area in range(11, 100) for rest in range(2 * 10**7, 6 * 10**7, 10**7 - 1)]
    american = [f"+1{area}{rest:07d}" for area in range(200, 1000, 7) for rest in range(2 * 10**6, 10**7, 10**6 - 1)]
    portuguese = [f"+351{first}{rest:07d}" for first in (91, 92, 93, 96, 21, 29) for rest in range(0, 10**7, 10**6 - 1)]
    for typed in (*mobiles, *landlines, *american, *portuguese):
        number = phonenumbers.parse(typed, None)
        possible = phonenumbers.is_possible_number(number)
        wanted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
        try:
            found = parse(typed)
        except InvalidData:
            found = None
        assert found == wanted, typed


@pytest.mark.parametrize(
    ("digits", "others"),
    [
        ("5511968184101", {"551168184101"}),
        ("551168184101", {"5511968184101"}),
        ("556881234567", {"5568981234567"}),
        ("551140001234", set()),
        ("5511940001234", set()),
        ("525512345678", {"5215512345678"}),
        ("5215512345678", {"525512345678"}),
        ("5491112345678", {"541112345678", "54111512345678"}),
        ("541112345678", {"5491112345678", "54111512345678"}),
        ("54111512345678", {"5491112345678", "541112345678"}),
        ("5492234567890", {"542234567890", "54223154567890", "54223415567890"}),
        ("16505551234", set()),
        ("351912345678", set()),
        ("55", set()),
        ("", set()),
    ],
)
def test_a_number_is_found_under_its_other_spellings(digits: str, others: set[str]) -> None:
    found = variants(digits)
    assert found[0] == digits
    assert set(found[1:]) == others
    assert variants("+" + digits)[0] == digits or not digits


@pytest.mark.parametrize("digits", ["5511968184101", "525512345678", "5491112345678"])
def test_spellings_lead_back_to_each_other(digits: str) -> None:
    for other in variants(digits):
        assert digits in variants(other)


@pytest.mark.parametrize("value", [BSUID, "US.ENT.11815799212886844830", "@ana", "120363418770915618@g.us"])
def test_what_is_no_phone_has_no_other_spelling_and_is_never_stripped_to_digits(value: str) -> None:
    assert variants(value) == (value,)


@pytest.mark.parametrize(
    ("value", "country"),
    [
        ("+5511968184101", "BR"),
        ("5511968184101", "BR"),
        ("16505551234", "US"),
        ("+14165550123", "CA"),
        ("+447400123456", "GB"),
        ("5215512345678", "MX"),
        (BSUID, "US"),
        ("BR.ENT.118", "BR"),
        ("999123456", None),
        ("abc", None),
        ("", None),
        ("+800123456789", None),
    ],
)
def test_a_number_and_a_user_id_tell_their_country(value: str, country: str | None) -> None:
    assert country_of(value) == country


def test_only_user_ids_look_like_user_ids() -> None:
    assert is_bsuid(BSUID)
    assert not any(map(is_bsuid, ("5511968184101", "us.1", "USA.1", "US.", "US1", "")))
