"""pywa manages templates, numbers, profile, block list, QR codes, flows and callbacks on the emulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from pytake_cli.emulator import defaults
from pytake_cli.emulator.samples import SAMPLES
from tests.emulator.pywa_sends import TO
from tests.emulator.pywa_world import EmulatorProcess, client, errors, flows, running
from tests.emulator.pywa_world import templates as tt
from tests.emulator.pywa_world import types as t

WA_ID = TO.lstrip("+")
PORTUGUESE = tt.TemplateLanguage.PORTUGUESE_BR


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with running("review_delay=1ms") as started:
        started.control("say", contact=TO, text="oi")
        yield started


@pytest.fixture
def wa(emulator: EmulatorProcess) -> Iterator[Any]:
    with client(emulator.url) as wa:
        yield wa


def make(name: str, **more: Any) -> Any:
    return tt.Template(
        name=name,
        category=tt.TemplateCategory.UTILITY,
        language=PORTUGUESE,
        parameter_format=tt.ParamFormat.NAMED,
        components=[
            tt.HeaderText("Pedido {{numero}}", numero="860198"),
            tt.BodyText("Olá {{nome}}, o pedido já saiu e chega em {{dia}} na sua casa.", nome="Ana", dia="segunda"),
            tt.FooterText(text="Loja Sul"),
            tt.Buttons(
                buttons=[
                    tt.URLButton(text="Ver", url="https://loja.example/p/{{1}}", example="1"),
                    tt.QuickReplyButton(text="Ok"),
                ]
            ),
        ],
        **more,
    )


def wait_for(wa: Any, template_id: str, status: str) -> None:
    for _ in range(1000):
        if str(wa.get_template(template_id).status) == status:
            return
        time.sleep(0.01)
    raise AssertionError(f"{template_id} did not become {status}")


def test_a_template_is_created_reviewed_sent_edited_and_deleted(wa: Any) -> None:
    template = make("pedido_saiu")
    created = wa.create_template(template)
    assert str(created.status) == "PENDING"
    wait_for(wa, created.id, "APPROVED")
    header, body, *_ = template.components
    params = [
        header.params(numero="1"),
        body.params(nome="Bia", dia="terça"),
        tt.URLButton.params(url_variable="1", index=0),
        tt.QuickReplyButton.params(callback_data="ok", index=1),
    ]
    assert wa.send_template(TO, template=template, params=params).id
    found = wa.get_templates(name="pedido_saiu")
    assert [(one.name, str(one.language), str(one.status)) for one in found] == [("pedido_saiu", "pt_BR", "APPROVED")]
    edited = wa.update_template(created.id, new_components=[tt.BodyText("Um texto novo, sem variáveis.")])
    assert edited.success
    wait_for(wa, created.id, "APPROVED")
    assert wa.delete_template("pedido_saiu", template_id=created.id).success
    assert not list(wa.get_templates(name="pedido_saiu"))
    with pytest.raises(errors.WhatsAppError, match="Invalid"):
        wa.create_template(make("pedido_saiu"))  # the name rests for 30 days


def test_a_rejected_template_says_why(emulator: EmulatorProcess, wa: Any) -> None:
    created = wa.create_template(make("pedido_reject"))
    wait_for(wa, created.id, "REJECTED")
    assert str(wa.get_template(created.id).rejected_reason) == "INVALID_FORMAT"


def test_a_header_image_is_uploaded_in_a_session(wa: Any) -> None:
    template = tt.Template(
        name="com_foto",
        category=tt.TemplateCategory.MARKETING,
        language=PORTUGUESE,
        components=[
            tt.HeaderImage(SAMPLES["image"][1], mime_type="image/jpeg"),
            tt.BodyText("Veja a foto nova da loja."),
        ],
    )
    created = wa.create_template(template)
    wait_for(wa, created.id, "APPROVED")


def test_authentication_templates_in_many_languages(wa: Any) -> None:
    languages = [PORTUGUESE, tt.TemplateLanguage.ENGLISH_US]
    created = wa.upsert_authentication_template(name="codigo", languages=languages, otp_button=tt.CopyCodeOTPButton())
    assert len(created) == 2


def test_the_number_and_its_account(wa: Any) -> None:
    number = wa.get_business_phone_number()
    assert number.id == defaults.PHONE_NUMBER_ID
    assert number.display_phone_number == defaults.DISPLAY_NUMBER
    assert [one.id for one in wa.get_business_phone_numbers()] == [defaults.PHONE_NUMBER_ID]
    assert wa.get_business_account().id == defaults.WABA_ID
    assert wa.get_business_phone_number_settings() is not None


def test_the_profile_commerce_and_automation(wa: Any) -> None:
    assert wa.update_business_profile(
        about="Abertos", websites=["https://loja.example"], industry=t.Industry.RETAIL
    ).success
    profile = wa.get_business_profile()
    assert (profile.about, profile.websites) == ("Abertos", ("https://loja.example",))
    assert wa.update_commerce_settings(is_catalog_visible=True, is_cart_enabled=False).success
    settings = wa.get_commerce_settings()
    assert (settings.is_catalog_visible, settings.is_cart_enabled) == (True, False)
    assert wa.update_conversational_automation(
        ice_breakers=["Preços?"], commands=[t.Command("menu", "Ver o menu")]
    ).success
    assert wa.update_display_name("Loja Sul").success


def test_registration(wa: Any) -> None:
    assert wa.deregister_phone_number().success
    with pytest.raises(errors.WhatsAppError, match="not registered"):
        wa.send_message(TO, "olá")
    assert wa.register_phone_number(123456).success
    assert wa.send_message(TO, "olá").id


def test_the_block_list(wa: Any) -> None:
    assert [user.input for user in wa.block_users([TO]).added_users] == [TO]
    assert [user.wa_id for user in wa.get_blocked_users()] == [WA_ID]
    assert [user.input for user in wa.unblock_users([TO]).removed_users] == [TO]
    assert not list(wa.get_blocked_users())


def test_qr_codes(wa: Any) -> None:
    code = wa.create_qr_code("Olá!")
    assert len(code.code) == 14
    assert wa.get_qr_code(code.code).prefilled_message == "Olá!"
    assert wa.update_qr_code(code.code, "Oi!").prefilled_message == "Oi!"
    assert [one.code for one in wa.get_qr_codes()] == [code.code]
    assert wa.delete_qr_code(code.code).success
    assert not list(wa.get_qr_codes())


def test_lists_come_in_pages(emulator: EmulatorProcess, wa: Any) -> None:
    codes = {wa.create_qr_code(f"Mensagem {number}").code for number in range(7)}
    seen, page = set(), wa.get_qr_codes(pagination=t.Pagination(limit=3))
    seen |= {code.code for code in page}
    while page.has_next:
        page = page.next()
        seen |= {code.code for code in page}
    assert seen == codes


def test_flows(wa: Any) -> None:
    definition = {
        "version": "7.2",
        "screens": [
            {"id": "A", "title": "A", "terminal": True, "layout": {"type": "SingleColumnLayout", "children": []}}
        ],
    }
    created = wa.create_flow("agenda", [flows.FlowCategory.OTHER])
    assert wa.update_flow_json(created.id, flow_json=definition).success
    assert wa.publish_flow(created.id).success
    assert str(wa.get_flow(created.id).status) == "PUBLISHED"
    assert [flow.id for flow in wa.get_flows()] == [created.id]


def test_the_username(wa: Any) -> None:
    assert wa.set_username("loja.sul").username == "loja.sul"
    current = wa.get_current_username()
    assert current
    assert current.username == "loja.sul"
    assert wa.delete_username().success


def test_a_callback_that_does_not_answer_is_not_saved(wa: Any) -> None:
    with pytest.raises(errors.WhatsAppError, match="verification failed"):
        wa.override_phone_callback_url("http://127.0.0.1:9/none", "token")
    with pytest.raises(errors.WhatsAppError, match="verification failed"):
        wa.override_waba_callback_url("http://127.0.0.1:9/none", "token")
