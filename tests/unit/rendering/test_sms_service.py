from dataclasses import replace
from itertools import product

import pytest

from app.domain.recipient import Letters
from app.rendering.notice import Notice
from app.rendering.sms import render_sms
from app.rendering.sms_segments import GSM7, count_parts, encoding_of
from tests.unit.rendering.rules import links
from tests.unit.rendering.samples import LANGUAGES
from tests.unit.rendering.service_samples import CODE, SERVICE_SAMPLES, service_notice


def test_a_confirmation_says_the_code_where_it_goes_how_long_it_holds_and_what_to_do_if_it_is_not_yours() -> None:
    assert render_sms(service_notice("confirmation")).text == (
        "AWIZO: kod potwierdzenia 482913. Wpisz go na stronie ustawien powiadomien. Wazny 10 min. "
        "Nie podawaj go nikomu. To nie Ty? Zignoruj."
    )


def test_a_change_of_contact_data_is_told_with_its_time() -> None:
    assert render_sms(service_notice("contact_changed")).text == (
        "AWIZO: zmieniono dane kontaktowe do powiadomien, 23.11 (pon) 11:40. To nie Ty? Sprawdz ustawienia i zapytaj "
        "operatora. Bez linkow i doplat."
    )


def test_an_unbound_person_is_not_sent_to_an_operator() -> None:
    assert "operator" not in render_sms(service_notice("contact_changed", "")).text


@pytest.mark.parametrize(("letters", "language"), [*product(Letters, LANGUAGES)])
def test_messages_about_the_service_keep_to_their_size_and_have_no_link(letters: Letters, language: str) -> None:
    for sample, phrase in product(SERVICE_SAMPLES.values(), (None, "zielony czajnik nocą")):
        notice = replace(sample, language=language, letters=letters, safety_phrase=phrase)
        sms = render_sms(notice)
        assert (sms.encoding, sms.parts) == (encoding_of(sms.text), count_parts(sms.text))
        assert sms.parts <= (1 if sms.encoding == GSM7 else 2)
        assert links(sms.text) == []
        assert (notice.code or "") in sms.text
        assert sms.template == notice.kind


@pytest.mark.parametrize("kind", ["confirmation", "sign_in"])
@pytest.mark.parametrize("lacking", [{"code": None}, {"valid_until": None}])
def test_a_message_with_a_code_is_not_made_without_one(kind: str, lacking: dict[str, None]) -> None:
    notice: Notice = replace(service_notice(kind), **lacking)
    with pytest.raises(ValueError, match="has one, and its end"):
        render_sms(notice)


def test_the_code_shows_in_no_repr() -> None:
    assert CODE not in repr(service_notice("sign_in"))
